#include "mail/mime_parts.h"

#include <doctest/doctest.h>

using namespace postern::mail;

namespace {

/// `0 multipart/mixed, 1 text/plain [body]`.
std::string outline(const MimeParts& mime) {
  std::string text;
  for (const MimePart& part : mime.parts) {
    text += (text.empty() ? "" : ", ") + std::to_string(part.depth) + " " + part.content_type.value;
    if (!part.is_multipart) text += " [" + decoded_body(part) + "]";
  }
  return text;
}

std::string outline(std::string_view message) {
  return outline(parse_mime(message));
}

}  // namespace

TEST_CASE("a message without MIME is one part") {
  CHECK(outline("Subject: x\r\n\r\nHello\r\n") == "0 text/plain [Hello\r\n]");
  CHECK(outline("") == "0 text/plain []");
  CHECK(outline("Content-Type: broken\n\nx") == "0 application/octet-stream [x]");
  CHECK(outline("Content-Transfer-Encoding: base64\n\nQQ==\n") == "0 text/plain [A]");
}

TEST_CASE("parts, RFC 2046 section 5.1") {
  const std::string message =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "preamble\r\n--b\r\n\r\nfirst\r\n\r\n--b \t\r\n"
      "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "=41 x--b\r\n --b\r\n--bb\r\n--b\r\n"
      "Content-Type: multipart/digest; boundary=\"in ner\"\r\n\r\n"
      "--in ner\r\n\r\nSubject: y\r\n\r\n--in ner--\r\nepilogue\r\n--b--\r\n--b\r\nafter";
  CHECK(outline(message) ==
        "0 multipart/mixed, 1 text/plain [first\r\n], 1 text/html [A x--b\r\n --b\r\n--bb], "
        "1 multipart/digest, 2 message/rfc822 [Subject: y\r\n]");
  CHECK(parse_mime(message).trouble == MimeTrouble::none);

  std::string with_lf = message;
  std::erase(with_lf, '\r');
  CHECK(outline(with_lf) ==
        "0 multipart/mixed, 1 text/plain [first\n], 1 text/html [A x--b\n --b\n--bb], "
        "1 multipart/digest, 2 message/rfc822 [Subject: y\n]");
}

TEST_CASE("parts that are cut off or empty") {
  const std::string top = "Content-Type: multipart/mixed; boundary=b\n\n";
  CHECK(outline(top + "--b\n\nno end") == "0 multipart/mixed, 1 text/plain [no end]");
  CHECK(outline(top + "--b\n--b\n\n--b--") ==
        "0 multipart/mixed, 1 text/plain [], 1 text/plain []");
  CHECK(outline(top + "--b--\n") == "0 multipart/mixed");
  const MimeParts none = parse_mime(top + "--c\n");
  CHECK(none.parts.size() == 1);
  CHECK_FALSE(none.parts[0].is_multipart);
  CHECK(none.trouble == MimeTrouble::no_boundary);
}

TEST_CASE("names and dispositions") {
  const auto first = [](std::string header) { return parse_mime(header + "\n\n").parts[0]; };
  const MimePart part = first(
      "Content-Disposition: Attachment; filename*=utf-8''%C3%BC.xml\nContent-Type: a/b; name=c");
  CHECK(part.disposition == "attachment");
  CHECK(part.file_name == "ü.xml");
  CHECK(first("Content-Type: a/b; name=\"=?utf-8?q?=C3=BC?=.xml\"").file_name == "ü.xml");
  CHECK(first("Content-Type: a/b").file_name == "");
}

TEST_CASE("depth and number are limited") {
  std::string deep;
  for (int i = 0; i < 50; ++i)
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
            std::to_string(i) + "\n";
  const MimeParts nested = parse_mime(deep);
  CHECK(nested.trouble == MimeTrouble::too_deep);
  CHECK(nested.parts.size() == max_mime_depth + 1);

  std::string wide = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (std::size_t i = 0; i < max_mime_parts; ++i) wide += "--b\n\nx\n";
  const MimeParts many = parse_mime(wide);
  CHECK(many.trouble == MimeTrouble::too_many_parts);
  CHECK(many.parts.size() == max_mime_parts);
}

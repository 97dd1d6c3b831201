#include "admin/quarantine_preview.h"

#include <doctest/doctest.h>

using namespace postern::admin;

TEST_CASE("plain text is shown before HTML, and attachments by name") {
  const auto preview = preview_of(
      "From: =?utf-8?q?B=C3=B6b?= <bob@x.test>\r\nTo: ann@y.test\r\nSubject: Hi\r\n"
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n"
      "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\x1b[2J\r\nzwei\r\n"
      "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
      "filename=a.pdf\r\n\r\nx\r\n--b--\r\n");
  CHECK(preview.from == "Böb <bob@x.test>");
  CHECK(preview.subject == "Hi");
  CHECK(preview.body == "Grüße\xef\xbf\xbd[2J\nzwei\n");
  CHECK_FALSE(preview.was_html);
  CHECK(preview.attachments == std::vector<std::string>{"a.pdf (application/pdf)"});
  CHECK(preview.trouble.empty());
}

TEST_CASE("HTML becomes text") {
  const auto preview = preview_of(
      "From: a@x\r\nContent-Type: text/html\r\n\r\n<script>x</script><a "
      "href='http://e.test'>go</a>");
  CHECK(preview.was_html);
  CHECK(preview.body == "go <http://e.test>\n");
}

TEST_CASE("what is shown is bounded") {
  const auto preview = preview_of("Subject: x\r\n\r\n" + std::string(1 << 20, 'y'));
  CHECK(preview.body.size() < max_previewed + 100);
  CHECK(preview.body.ends_with("[…]\n"));
  CHECK(header_text("A: 1\r\n B\x1b\r\n\r\nbody") == "A: 1\n B\xef\xbf\xbd\n\n");
  CHECK(preview_of("").body.empty());
}

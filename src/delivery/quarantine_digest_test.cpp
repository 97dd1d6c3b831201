#include "delivery/quarantine_digest.h"

#include <doctest/doctest.h>

#include "mail/mime_parts.h"

using namespace postern;
using namespace postern::delivery;

namespace {

DigestFacts facts() {
  return {.host_name = "mx.contoso.test",
          .id = "0197b1c2-0000-7000-8000-000000000001",
          .time = *parse_iso("2025-01-29T07:00:00Z"),
          .from = "postmaster@contoso.test",
          .to = "ann@contoso.test",
          .organization = "Contoso & Sons"};
}

store::QuarantineRow row(std::string subject, std::string author, std::string reverse_path) {
  store::QuarantineRow made;
  made.message.id = "0c0e1d7a-53a4-4e0b-9f5c-3a0f3b1f2d11";
  made.message.reason = "DmarcQuarantineAction: Quarantine";
  made.message.received = *parse_iso("2025-01-28T12:00:00Z");
  made.message.subject = std::move(subject);
  made.message.author = std::move(author);
  made.message.reverse_path = std::move(reverse_path);
  made.recipient.forward_path = "ann@contoso.test";
  return made;
}

struct Parts {
  explicit Parts(const std::string& message) {
    const auto mime = mail::parse_mime(message);
    REQUIRE(mime.trouble == mail::MimeTrouble::none);
    REQUIRE(mime.parts.size() == 3);
    CHECK(mime.parts[0].is("multipart/alternative"));
    CHECK(mime.parts[1].is("text/plain"));
    CHECK(mime.parts[2].is("text/html"));
    text = mail::decoded_body(mime.parts[1]);
    html = mail::decoded_body(mime.parts[2]);
  }
  std::string text;
  std::string html;
};

}  // namespace

TEST_CASE("a digest says what was kept, in text and in HTML") {
  const std::vector rows{row("Your invoice", "ceo@contoso.test", "x@evil.test"), row("", "", "")};
  const std::string message = make_digest(facts(), rows);
  for (const char* field :
       {"From: Quarantine <postmaster@contoso.test>\r\n", "To: <ann@contoso.test>\r\n",
        "Subject: Messages in quarantine: 2\r\n", "Auto-Submitted: auto-generated\r\n",
        "Date: Wed, 29 Jan 2025 07:00:00 +0000\r\n", "MIME-Version: 1.0\r\n"})
    CHECK_MESSAGE(message.contains(field), field);
  for (std::size_t at = 0; (at = message.find('\n', at)) != std::string::npos; ++at)
    REQUIRE(message[at - 1] == '\r');
  const Parts parts(message);
  for (const std::string* part : {&parts.text, &parts.html}) {
    CHECK(part->contains("Your invoice"));
    CHECK(part->contains("ceo@contoso.test"));
    CHECK(part->contains("x@evil.test"));
    CHECK(part->contains("(no subject)"));
    CHECK(part->contains(rows[0].identity()));
    CHECK(part->contains("30 days"));
    CHECK_FALSE(part->contains("next digest"));
  }
  CHECK(parts.html.contains("Contoso &amp; Sons"));
}

TEST_CASE("what strangers write can be no markup, no link, and no novel") {
  const std::string subject = "<script>alert(1)</script><a href=\"http://evil.test\">x</a>";
  DigestFacts more = facts();
  more.more = true;
  const Parts parts(make_digest(more, std::vector{row(subject, "\"a\xe2\x80\xae<b>\"@x", "<y>")}));
  CHECK_FALSE(parts.html.contains("<script"));
  CHECK_FALSE(parts.html.contains("<a "));
  CHECK_FALSE(parts.html.contains("http://"));
  CHECK(parts.html.contains("&lt;script&gt;"));
  CHECK_FALSE(parts.text.contains("http://"));
  CHECK_FALSE(parts.text.contains("\xe2\x80\xae"));
  CHECK(parts.text.contains("next digest"));

  CHECK(shown_in_digest("a\r\nBcc: x\x1b[2J") == "a  Bcc: x\xef\xbf\xbd[2J");
  CHECK(shown_in_digest(std::string(5000, 'x')).size() < 110);
  CHECK(shown_in_digest("\xff") == "\xef\xbf\xbd");
}

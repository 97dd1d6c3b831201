#include "delivery/dsn.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::delivery;

namespace {

const DsnFacts facts{.host_name = "mx.contoso.test",
                     .id = "11111111-2222-4333-8444-555555555555",
                     .time = *parse_iso("2025-01-29T19:07:30Z")};

Envelope envelope_from(std::string reverse_path) {
  Envelope envelope;
  envelope.reverse_path.text = std::move(reverse_path);
  envelope.id = "0b5c";
  return envelope;
}

const std::vector<RecipientOutcome> refused{
    {"cid@c.test", Fate::refused, {550, "5.7.1", "No\nreally"}, "lmtp:h:24"},
    {"dan@c.test", Fate::refused, {554, "", "No"}, "lmtp:h:24"}};

}  // namespace

TEST_CASE("a DSN is a multipart/report with a block for each refused recipient") {
  CHECK(make_dsn(facts, envelope_from("bob@fabrikam.test"), refused,
                 "Subject: hi\r\nX: y\r\n\r\nsecret body\r\n") ==
        "From: Mail Delivery System <postmaster@mx.contoso.test>\r\n"
        "To: <bob@fabrikam.test>\r\n"
        "Subject: Undelivered mail: some recipients were refused\r\n"
        "Date: Wed, 29 Jan 2025 19:07:30 +0000\r\n"
        "Message-ID: <11111111-2222-4333-8444-555555555555@mx.contoso.test>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        "\tboundary=\"=_11111111-2222-4333-8444-555555555555\"\r\n"
        "\r\n"
        "--=_11111111-2222-4333-8444-555555555555\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "\r\n"
        "This is the mail system at mx.contoso.test.\r\n"
        "\r\n"
        "Your message reached some of its recipients, but not these. Their mail server\r\n"
        "has refused it for good, and it will not be tried again:\r\n"
        "\r\n"
        "<cid@c.test>:\r\n"
        "    550 5.7.1 No really\r\n"
        "\r\n"
        "<dan@c.test>:\r\n"
        "    554 No\r\n"
        "\r\n"
        "The identity of your message here is 0b5c.\r\n"
        "\r\n"
        "--=_11111111-2222-4333-8444-555555555555\r\n"
        "Content-Type: message/delivery-status\r\n"
        "\r\n"
        "Reporting-MTA: dns; mx.contoso.test\r\n"
        "Arrival-Date: Wed, 29 Jan 2025 19:07:30 +0000\r\n"
        "\r\n"
        "Final-Recipient: rfc822; cid@c.test\r\n"
        "Action: failed\r\n"
        "Status: 5.7.1\r\n"
        "Diagnostic-Code: smtp; 550 5.7.1 No really\r\n"
        "\r\n"
        "Final-Recipient: rfc822; dan@c.test\r\n"
        "Action: failed\r\n"
        "Status: 5.0.0\r\n"
        "Diagnostic-Code: smtp; 554 No\r\n"
        "\r\n"
        "--=_11111111-2222-4333-8444-555555555555\r\n"
        "Content-Type: text/rfc822-headers\r\n"
        "\r\n"
        "Subject: hi\r\n"
        "X: y\r\n"
        "\r\n"
        "--=_11111111-2222-4333-8444-555555555555--\r\n");
}

TEST_CASE("the quoted header section ends where the body begins, and is bounded") {
  const auto quoted = [](std::string_view message) {
    const std::string dsn = make_dsn(facts, envelope_from("b@f"), refused, message);
    const std::size_t begin = dsn.find("rfc822-headers\r\n\r\n") + 18;
    return dsn.substr(begin, dsn.rfind("\r\n--=_") - begin);
  };
  CHECK(quoted("\r\nbody\r\n") == "");
  CHECK(quoted("A: b\r\n") == "A: b\r\n");
  CHECK(quoted("A: b\r\n\r\n") == "A: b\r\n");
  CHECK(quoted("A: b\r\ncut off here") == "A: b\r\n");
  std::string many;
  while (many.size() < 2 * max_quoted_header) many += "X-Field: some text\r\n";
  CHECK(quoted(many).size() <= max_quoted_header);
  CHECK(quoted(many).ends_with("some text\r\n"));
  CHECK(quoted("A: \xff\xfe\r\n\r\n") == "A: ??\r\n");  // no SMTPUTF8, so no 8-bit DSN
}

TEST_CASE("an internationalized DSN has the types of RFC 6533") {
  Envelope envelope = envelope_from("b\xc3\xbc@f.test");
  envelope.smtp_utf8 = true;
  const std::vector<RecipientOutcome> one{
      {"\xc3\xa4nn@c.test", Fate::refused, {550, "5.1.1", "No"}, ""}};
  const std::string dsn = make_dsn(facts, envelope, one, "Subject: \xc3\xbc\r\n\r\n");
  CHECK(is_international_dsn(dsn));
  CHECK(dsn.contains(
      "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n"));
  CHECK(
      dsn.contains("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n"));
  CHECK(dsn.contains("Final-Recipient: utf-8; \xc3\xa4nn@c.test\r\n"));
  CHECK_FALSE(is_international_dsn(make_dsn(facts, envelope_from("b@f"), refused, "")));
}

#include "delivery/quarantine_description.h"

#include <doctest/doctest.h>

#include "delivery/test_support.h"

using namespace postern;
using namespace postern::delivery;

namespace {

const std::string id = "0c0e1d7a-53a4-4e0b-9f5c-3a0f3b1f2d11";
const Time noon = *parse_iso("2025-01-29T12:00:00Z");

store::QuarantinedMessage described(std::string_view text, const Envelope& envelope = {}) {
  TestStore test;
  const auto content = test.content(text);
  const std::vector<RecipientOutcome> refused{
      {"cid@c.test", Fate::refused, {550, "5.7.1", "say \"no\"\n\xff"}, "lmtp:127.0.0.1:24"}};
  return describe(id, envelope, refused, "NextHopRefused", *content, {}, noon);
}

std::string error_of(std::string_view text) {
  const auto read = parse_description(text);
  return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("what is written is read again") {
  Envelope envelope;
  envelope.id = "0b5c";
  envelope.reverse_path.text = "bob@fabrikam.test";
  envelope.organization = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
  envelope.direction = "Incoming";
  envelope.require_tls = true;
  const auto message = described(
      "From: =?utf-8?q?B=C3=B6b?= <bob@fabrikam.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
      "Message-ID: <1@x>\r\n\r\nbody\r\n",
      envelope);
  CHECK(message.subject == "Grüße");
  CHECK(message.author == "bob@fabrikam.test");
  CHECK(message.message_id == "<1@x>");
  const auto read = parse_description(to_json(message));
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(message));
  CHECK(read->received == noon);
  CHECK(read->require_tls);
  CHECK(read->organization == envelope.organization);
  REQUIRE(read->recipients.size() == 1);
  CHECK(read->recipients.front().reply.starts_with("550 5.7.1 say \"no\""));
}

TEST_CASE("hostile text is one line of UTF-8 and bounded") {
  const auto message =
      described("Subject: a\x1b[2J\xff" + std::string(3000, 'x') + "\r\nFrom: <a@b.test>\r\n\r\n");
  CHECK(message.subject.starts_with("a\xef\xbf\xbd[2J\xef\xbf\xbd"));
  CHECK(message.subject.size() <= max_described_text);
  CHECK(parse_description(to_json(message)));
}

TEST_CASE("a file of an earlier version, and files that are none") {
  const std::string old =
      R"({"Identity":"0c0e1d7a-53a4-4e0b-9f5c-3a0f3b1f2d11","MessageTraceId":"0b5c","Session":"",)"
      R"("Received":"2025-01-29T12:00:00.000Z","Reason":"NextHopRefused","Client":"192.0.2.1",)"
      R"("ReversePath":"","SmtpUtf8":false,"EightBitMime":true,"Size":2,"Recipients":)"
      R"([{"ForwardPath":"cid@c.test","NextHop":"lmtp:x","Reply":"550 no"}]})";
  const auto read = parse_description(old);
  REQUIRE(read);
  CHECK(read->organization.empty());
  CHECK(read->eight_bit_mime);

  const auto without = [&](std::string_view what, std::string_view with) {
    std::string text = old;
    text.replace(text.find(what), what.size(), with);
    return error_of(text);
  };
  CHECK(error_of("") == "The description is not JSON.");
  CHECK(error_of("[]") == "The description is not JSON.");
  CHECK(error_of(old.substr(0, old.size() / 2)) == "The description is not JSON.");
  CHECK(without("0c0e1d7a-53a4-4e0b-9f5c-3a0f3b1f2d11", "../../etc/passwd")
            .contains("usable Identity"));
  CHECK(without("2025-01-29T12", "yesterday").contains("usable Received"));
  CHECK(without("\"Size\":2", "\"Size\":-2").contains("usable Size"));
  CHECK(without("cid@c.test", "").contains("usable ForwardPath"));
  CHECK(without("cid@c.test", "cid@c.test\\r\\nRCPT TO:<x>").contains("usable ForwardPath"));
  CHECK(without("[{\"F", "[3,{\"F").contains("usable Recipients"));
  CHECK(error_of(std::string(max_description + 1, ' ')) == "The description is too long.");
}

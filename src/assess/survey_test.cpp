#include "assess/survey.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::assess;

namespace {

OwnDomains contoso() {
  return OwnDomains::from({"Contoso.com", "*.relay.contoso.net"}).value();
}

Observation mail_of(std::string id, std::string sender = "printer@contoso.com") {
  Observation seen;
  seen.id = std::move(id);
  seen.time = *parse_iso("2026-11-02T08:00:00Z");
  seen.client = IpAddress::parse("198.51.100.7");
  seen.tells_client = true;
  seen.sender = std::move(sender);
  seen.recipients = {"ann@contoso.com"};
  return seen;
}

}  // namespace

TEST_CASE("own domains are those named, and what is below those with a star") {
  const OwnDomains domains = contoso();
  CHECK(domains.has("x@CONTOSO.com"));
  CHECK_FALSE(domains.has("x@bounces.contoso.com"));
  CHECK(domains.has("x@relay.contoso.net"));
  CHECK(domains.has("x@a.b.relay.contoso.net"));
  CHECK_FALSE(domains.has("x@contoso.net"));
  CHECK_FALSE(domains.has("contoso.com"));
  CHECK_FALSE(domains.has(""));
  CHECK_FALSE(OwnDomains::from({"a b"}));
  CHECK_FALSE(OwnDomains::from({"*"}));
}

TEST_CASE("messages are counted once, whatever rows they have") {
  Survey survey(contoso());
  survey.add(mail_of("1"));
  survey.add(mail_of("1"));  // another export of the same days
  Observation other = mail_of("1");
  other.recipients = {"bob@contoso.com"};
  survey.add(other);
  survey.add(mail_of("2"));
  survey.add(mail_of(""));
  survey.add(mail_of(""));
  CHECK(survey.totals().messages == 4);
  CHECK(survey.totals().repeated == 1);
  const auto sources = survey.sources();
  REQUIRE(sources.size() == 1);
  CHECK(sources[0].count == 4);
  CHECK(sources[0].recipients == 5);
  CHECK(sources[0].days == 1);
  CHECK(sources[0].senders == std::vector<std::string>{"printer@contoso.com"});
}

TEST_CASE("what is no Direct Send is counted by why") {
  Survey survey(contoso());
  Observation outside = mail_of("1", "bob@bank.test");
  outside.author = "ceo@contoso.com";
  survey.add(outside);
  survey.add(mail_of("2", ""));
  Observation sent = mail_of("3");
  sent.direction = Direction::outbound;
  survey.add(sent);
  Observation relayed = mail_of("4");
  relayed.recipients = {"bob@bank.test"};
  survey.add(relayed);
  Observation from_mailbox = mail_of("5");
  from_mailbox.client.reset();
  survey.add(from_mailbox);
  const SurveyTotals& totals = survey.totals();
  CHECK(totals.foreign == 2);
  CHECK(totals.author_only == 1);
  CHECK(totals.outbound == 2);
  CHECK(totals.without_client == 1);
  CHECK(totals.direct_send == 0);
  CHECK(survey.sources().empty());
}

TEST_CASE("a record without clients has senders as sources") {
  Survey survey(contoso());
  Observation seen = mail_of("1");
  seen.client.reset();
  seen.tells_client = false;
  survey.add(seen);
  REQUIRE(survey.sources().size() == 1);
  CHECK_FALSE(survey.sources()[0].address);
}

TEST_CASE("the evidence of a source") {
  Survey survey(contoso());
  Observation seen = mail_of("1", "Ann@Contoso.com");
  seen.client_name = "mail-7.printers.vendor.test";
  seen.hello = "[127.0.0.1]";
  seen.spf = false;
  seen.dkim = true;
  seen.dkim_domain = "esp.test";
  survey.add(seen);
  seen.id = "2";
  seen.dkim_domain = "mail.contoso.com";
  seen.is_attributed = true;
  seen.with_tls = true;
  seen.time = *seen.time + std::chrono::hours(24);
  survey.add(seen);
  const auto source = survey.sources().at(0);
  CHECK(source.self_to_self == 2);
  CHECK(source.literal_hello == 2);
  CHECK(source.reverse_domain == "printers.vendor.test");
  CHECK(source.spf.other == 2);
  CHECK(source.dkim.pass == 1);
  CHECK(source.dkim.other == 1);
  CHECK(source.attributed == 1);
  CHECK(source.with_tls == 1);
  CHECK(source.days == 2);
  CHECK(source.would_be_refused() == 1);
}

TEST_CASE("memory is bounded: what goes beyond is counted together") {
  Survey survey(contoso(),
                {.sources = 2, .messages = 6, .senders = 2, .counted_senders = 3, .days = 2});
  for (int i = 0; i < 5; ++i) {
    Observation seen = mail_of(std::to_string(i), std::to_string(i) + "@contoso.com");
    seen.client = IpAddress::v4({198, 51, 100, static_cast<std::uint8_t>(i)});
    survey.add(seen);
    seen.id.clear();
    seen.client = IpAddress::parse("198.51.100.0");
    seen.time = *seen.time + std::chrono::hours(24 * i);
    survey.add(seen);
  }
  CHECK(survey.sources().size() == 2);
  CHECK(survey.totals().others.messages == 3);
  CHECK(survey.forgets());
  const auto first = survey.sources().at(0);
  CHECK(first.count == 6);
  CHECK(first.senders.size() == 2);
  CHECK(first.sender_count == 3);
  CHECK(first.days == 2);
}

TEST_CASE("names of strangers cannot steer a terminal") {
  Survey survey(contoso());
  survey.add(mail_of("1", "\x1b[2J@contoso.com"));
  CHECK_FALSE(survey.sources().at(0).senders.at(0).contains('\x1b'));
}

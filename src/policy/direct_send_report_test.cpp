#include "policy/direct_send_report.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;

namespace {

const Time end = *parse_iso("2026-11-30T12:00:00Z");

/// A printer that has sent every day of November and passes SPF.
SourceStatistics printer() {
  SourceStatistics made;
  made.address = IpAddress::parse("198.51.100.7");
  made.senders = {"printer@contoso.com"};
  made.sender_count = 1;
  made.count = 300;
  made.spf = {.pass = 300, .other = 0};
  made.first_seen = *parse_iso("2026-11-01T08:00:00Z");
  made.last_seen = *parse_iso("2026-11-30T08:00:00Z");
  made.days = 30;
  return made;
}

SourceStatistics failing(SourceStatistics made = printer()) {
  made.spf = {.pass = 0, .other = made.count};
  made.dmarc = made.spf;
  return made;
}

SourceStatistics on_one_day(SourceStatistics made) {
  made.days = 1;
  made.first_seen = made.last_seen;
  return made;
}

SourceKind kind(const SourceStatistics& source) {
  return judge_source(source, end).kind;
}

}  // namespace

TEST_CASE("who passes SPF and sends daily is probably a device") {
  const SourceJudgement judged = judge_source(printer(), end);
  CHECK(judged.kind == SourceKind::yours);
  CHECK(judged.sentence ==
        "Passes SPF and has sent daily for 30 days: probably a device or service of yours.");
}

TEST_CASE("a source that fell silent long ago is not called regular") {
  SourceStatistics source = printer();
  source.last_seen = *parse_iso("2026-11-06T08:00:00Z");
  source.days = 6;
  CHECK(judge_source(source, end).sentence ==
        "Passes SPF and has sent on 6 of 30 days: sends with your domain's authority.");
}

TEST_CASE("who fails everything is a spoof, unless it has been there every day") {
  CHECK(kind(on_one_day(failing())) == SourceKind::spoof);
  CHECK(kind(failing()) == SourceKind::unclear);
  SourceStatistics many = failing();
  many.sender_count = 40;
  CHECK(kind(many) == SourceKind::spoof);
  SourceStatistics self = failing();
  self.self_to_self = 200;
  self.literal_hello = 300;
  CHECK(
      judge_source(self, end).sentence ==
      "Fails everything, and people seem to write to themselves: spoof. It greets with an address "
      "in brackets.");
}

TEST_CASE("a scanner that people send themselves mail with is not a spoof, as long as SPF passes") {
  SourceStatistics scanner = printer();
  scanner.self_to_self = scanner.count;
  CHECK(kind(scanner) == SourceKind::yours);
}

TEST_CASE("signatures that pass while SPF fails, of many people: a forwarder without SRS") {
  SourceStatistics source = failing();
  source.dkim = {.pass = 300, .other = 0};
  CHECK(kind(source) == SourceKind::yours);
  source.sender_count = 12;
  CHECK(kind(source) == SourceKind::forwarder);
  CHECK(remedy_for(source, SourceKind::forwarder, RemedyFor::postern).spf_term.empty());
}

TEST_CASE("without evidence nothing is called a spoof") {
  SourceStatistics source = on_one_day(printer());
  source.spf = {};
  source.self_to_self = source.count;
  CHECK(kind(source) == SourceKind::unclear);
  source.address.reset();
  CHECK(kind(source) == SourceKind::unclear);
}

TEST_CASE("half passing is unclear, one failure in ten is not") {
  SourceStatistics source = printer();
  source.spf = {.pass = 270, .other = 30};
  CHECK(kind(source) == SourceKind::yours);
  source.spf = {.pass = 150, .other = 150};
  CHECK(judge_source(source, end).sentence.starts_with("Passes for 150 of 300 messages only"));
  CHECK(kind(source) == SourceKind::unclear);
}

TEST_CASE("for whom a connector vouches nothing need be done") {
  SourceStatistics source = failing();
  source.attributed = source.count;
  CHECK(kind(source) == SourceKind::vouched);
  CHECK(remedy_for(source, SourceKind::vouched, RemedyFor::postern).connector.empty());
  source.attributed -= 1;
  CHECK(kind(source) != SourceKind::vouched);
}

TEST_CASE("the remedy is a line to paste, by certificate before address") {
  SourceStatistics source = printer();
  CHECK(remedy_for(source, SourceKind::yours, RemedyFor::exchange_online).connector ==
        "New-InboundConnector -Name \"Direct Send 198.51.100.7\" -ConnectorType Partner "
        "-SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls $false");
  source.with_tls = source.count;
  CHECK(remedy_for(source, SourceKind::yours, RemedyFor::postern).connector.ends_with("$true"));
  source.certificate_name = "mail.vendor.test";
  CHECK(remedy_for(source, SourceKind::yours, RemedyFor::postern)
            .connector.contains("-TlsSenderCertificateName mail.vendor.test -RequireTls $true"));
  // What a stranger's certificate says is not pasted unless it is a name.
  source.certificate_name = "a; Remove-Organization";
  CHECK_FALSE(remedy_for(source, SourceKind::yours, RemedyFor::postern).connector.contains(";"));
}

TEST_CASE("no connector for spoofs, and none that Exchange Online would not take") {
  SourceStatistics source = printer();
  CHECK(remedy_for(source, SourceKind::spoof, RemedyFor::postern).connector.empty());
  for (const char* address : {"2001:db8::7", "10.1.2.3", "192.168.0.4"}) {
    source.address = IpAddress::parse(address);
    CHECK(remedy_for(source, SourceKind::yours, RemedyFor::exchange_online).connector.empty());
    CHECK_FALSE(remedy_for(source, SourceKind::yours, RemedyFor::exchange_online).note.empty());
    CHECK_FALSE(remedy_for(source, SourceKind::yours, RemedyFor::postern).connector.empty());
  }
  source.address.reset();
  CHECK(remedy_for(source, SourceKind::yours, RemedyFor::postern).connector.empty());
}

TEST_CASE("the SPF term is told where SPF does not pass") {
  CHECK(remedy_for(printer(), SourceKind::yours, RemedyFor::postern).spf_term.empty());
  SourceStatistics source = failing();
  SourceRemedy remedy = remedy_for(source, SourceKind::unclear, RemedyFor::postern);
  CHECK(remedy.spf_term == "ip4:198.51.100.7");
  CHECK(remedy.spf_domain == "contoso.com");
  source.address = IpAddress::parse("2001:db8::7");
  CHECK(remedy_for(source, SourceKind::unclear, RemedyFor::postern).spf_term == "ip6:2001:db8::7");
}

TEST_CASE("the forecast counts only what no connector vouches for") {
  DirectSendForecast forecast;
  CHECK(forecast.to_sentence() == "Under RejectDirectSend $true nothing would have been refused.");
  SourceStatistics partly = printer();
  partly.attributed = 299;
  forecast.add(partly, SourceKind::yours);
  forecast.add(on_one_day(failing()), SourceKind::spoof);
  SourceStatistics vouched = printer();
  vouched.attributed = vouched.count;
  forecast.add(vouched, SourceKind::vouched);
  CHECK(forecast.to_sentence() ==
        "Under RejectDirectSend $true 301 messages of 2 sources would have been refused: 1 message "
        "of 1 source probably yours, 300 messages of 1 source probably spoofs.");
}

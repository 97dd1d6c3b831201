#include "policy/what_if.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::policy;

namespace {

const Time noon = parse_iso("2026-11-20T12:00:00Z").value();

RcptRecord record_of(std::string_view client) {
  return {.client = *IpAddress::parse(client),
          .received = noon,
          .hello = "scanner.contoso.com",
          .reverse_path = "scanner@contoso.com",
          .forward_path = "ann@contoso.com"};
}

const RcptChange refused{.refused_then = true, .own_sender = true, .reason = {}};
const RcptChange unchanged{.own_sender = true, .reason = {}};

}  // namespace

TEST_CASE("evidence of the trace counts for the judgement") {
  WhatIf what_if;
  RcptRecord record = record_of("198.51.100.7");
  record.ptr = "mail-7.printers.contoso.test";
  record.spf = "temperror";
  record.dmarc = "pass";
  record.dkim = "fail d=contoso.com s=a\npass d=mail.contoso.com s=b";
  for (int day = 0; day < 6; ++day) {
    record.received = noon + std::chrono::days(day);
    what_if.add(refused, record);
    what_if.add(refused, record);
  }
  const auto changed = what_if.changed_sources(record.received);
  REQUIRE(changed.size() == 1);
  const SourceStatistics& statistics = changed.front().statistics;
  CHECK(statistics.count == 12);
  CHECK(statistics.days == 6);
  CHECK(statistics.spf.known() == 0);
  CHECK(statistics.dkim.pass == 12);
  CHECK(statistics.reverse_domain == "printers.contoso.test");
  CHECK(statistics.senders == std::vector<std::string>{"scanner@contoso.com"});
  CHECK(changed.front().judgement.kind == SourceKind::yours);
  CHECK(changed.front().remedy.connector.contains("198.51.100.7"));
}

TEST_CASE("a signature of another domain is none of ours, and unsigned is not unknown") {
  for (const auto& [dkim, dmarc, known] : {std::tuple("pass d=vendor.test s=a", "fail", 1),
                                           std::tuple("", "fail", 1), std::tuple("", "", 0)}) {
    WhatIf what_if;
    RcptRecord record = record_of("198.51.100.7");
    record.dkim = dkim;
    record.dmarc = dmarc;
    what_if.add(refused, record);
    const auto statistics = what_if.changed_sources(noon).front().statistics;
    CHECK(statistics.dkim.pass == 0);
    CHECK(statistics.dkim.other == static_cast<std::uint64_t>(known));
  }
}

TEST_CASE("only sources for which something changes are told, the hardest hit first") {
  WhatIf what_if;
  what_if.add(unchanged, record_of("192.0.2.1"));
  what_if.add(refused, record_of("192.0.2.2"));
  what_if.add(refused, record_of("192.0.2.3"));
  what_if.add(refused, record_of("192.0.2.3"));
  // Foreign mail counts only where it changes.
  what_if.add({.reason = {}}, record_of("192.0.2.4"));
  what_if.add({.refused_then = true, .reason = "PartnerConnectorRestriction: C"},
              record_of("192.0.2.5"));
  what_if.add({.refused_now = true, .own_sender = true, .reason = {}}, record_of("192.0.2.6"));
  const auto changed = what_if.changed_sources(noon);
  REQUIRE(changed.size() == 4);
  CHECK(changed[0].statistics.address->to_string() == "192.0.2.3");
  CHECK(changed[1].statistics.address->to_string() == "192.0.2.2");
  CHECK(changed[2].judgement.sentence == "Sends in the name of other domains.");
  CHECK(changed[2].reason == "PartnerConnectorRestriction: C");
  CHECK(changed[3].counts.newly_accepted == 1);
  CHECK(what_if.totals().count == 6);
  CHECK(what_if.to_sentence(changed) ==
        "Under the proposed settings mail to 4 recipients from 3 sources would be refused that is "
        "accepted now: 3 recipients from 2 sources unclear, 1 recipient from 1 source in the name "
        "of other domains; mail to 1 recipient from 1 source would be accepted that is refused "
        "now.");
}

TEST_CASE("sources and senders are bounded, and nothing is lost from the sum") {
  WhatIf what_if({.sources = 10, .senders = 2, .counted_senders = 5});
  for (int i = 0; i < 1000; ++i) {
    const std::string client = "10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    const std::string sender = "user" + std::to_string(i) + "@contoso.com";
    RcptRecord record = record_of(client);
    record.reverse_path = sender;
    what_if.add(refused, record);
    record.client = *IpAddress::parse("10.0.0.0");
    what_if.add(refused, record);
  }
  const auto changed = what_if.changed_sources(noon);
  CHECK(changed.size() == 10);
  CHECK(changed.front().statistics.senders.size() == 2);
  CHECK(changed.front().statistics.sender_count == 5);
  CHECK(what_if.totals().newly_refused == 2000);
  CHECK(what_if.others().newly_refused == 990);
  CHECK(what_if.to_sentence(changed).contains("mail to 2000 recipients"));
}

TEST_CASE("days may be counted apart and put together") {
  WhatIf whole;
  WhatIf first;
  WhatIf second;
  for (int i = 0; i < 60; ++i) {
    const std::string client = "192.0.2." + std::to_string(i % 7);
    const std::string sender = "user" + std::to_string(i % 5) + "@contoso.com";
    RcptRecord record = record_of(client);
    record.received = noon + std::chrono::days(i / 10);
    record.reverse_path = sender;
    record.spf = i % 3 == 0 ? "pass" : "fail";
    record.tls = i % 2 == 0;
    const RcptChange& change = i % 4 == 0 ? unchanged : refused;
    whole.add(change, record);
    (i < 30 ? first : second).add(change, record);
  }
  first.add(second);
  const auto expected = whole.changed_sources(noon);
  const auto found = first.changed_sources(noon);
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const SourceStatistics& a = found[i].statistics;
    const SourceStatistics& b = expected[i].statistics;
    CHECK(a.address == b.address);
    CHECK(a.count == b.count);
    CHECK(a.days == b.days);
    CHECK(a.with_tls == b.with_tls);
    CHECK(a.spf.pass == b.spf.pass);
    CHECK(a.senders == b.senders);
    CHECK(a.sender_count == b.sender_count);
    CHECK(a.first_seen == b.first_seen);
    CHECK(a.last_seen == b.last_seen);
    CHECK(found[i].counts.newly_refused == expected[i].counts.newly_refused);
    CHECK(found[i].judgement.sentence == expected[i].judgement.sentence);
  }
  CHECK(first.to_sentence(found) == whole.to_sentence(expected));
}

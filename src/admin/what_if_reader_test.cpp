// What is remembered of the rows of a scan never changes what comes of it.
#include "admin/what_if_reader.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "admin/test_desk.h"
#include "base/encoding.h"
#include "base/test_dice.h"
#include "policy/judged.h"

using namespace postern;
using namespace postern::admin;

namespace {

/// A row whose every value comes from `variety` ones, some of which cannot be read.
store::TraceRecord random_record(Dice& dice, std::size_t variety, Time received) {
  const auto number = [&] { return dice.below(variety); };
  store::TraceRecord one;
  one.received = received;
  one.message_trace_id = time_ordered_uuid(received);
  one.organization = "Contoso";
  one.client = fmt::format("192.0.2.{}", number() % 250);
  if (dice.coin(4)) one.client = fmt::format("2001:db8::{:x}", number());
  if (dice.coin(30)) one.client = dice.coin() ? "" : "unknown";
  one.hello = dice.coin(5) ? "mx.contoso.com" : fmt::format("host{}.test", number());
  one.reverse_path = fmt::format("user{}@{}", number(), dice.coin() ? "contoso.com" : "bank.test");
  if (dice.coin(30)) one.reverse_path = dice.coin() ? "" : "a@b@c";
  // A third of the first 40 exist.
  one.forward_path = fmt::format("user{}@contoso.com", dice.coin() ? number() : number() % 40);
  if (dice.coin(30)) one.forward_path = "not an address";
  if (dice.coin()) one.tls = fmt::format("TLSv1.3 {}", number());
  if (dice.coin(4)) one.certificate = fmt::format("mail{}.test", number());
  one.decision = dice.coin(4) ? "Reject" : "Accept";
  one.ptr = fmt::format("host{}.bank.test", number());
  one.spf = dice.coin() ? "pass" : fmt::format("fail {}", number());
  one.dkim = {fmt::format("pass d={} s=s1", dice.coin() ? "contoso.com" : "bank.test")};
  one.dmarc = dice.coin() ? "pass" : "fail";
  one.compauth = fmt::format("pass {}", number());
  policy::JudgedFacts facts;
  if (!one.certificate.empty()) facts.certificate_names = {one.certificate};
  facts.reverse_name = static_cast<policy::RcptFacts::ReverseName>(dice.below(4));
  if (dice.coin(4)) facts.refused_by = "NextHop";
  facts.signals.history.author =
      policy::TrafficHistory{.messages = static_cast<std::uint32_t>(number()), .days = 3};
  one.facts = to_archive(facts);
  if (dice.coin(30)) one.facts = dice.coin() ? "" : "not facts";
  return one;
}

/// All that comes of a scan, in words.
std::string judge(const TestDesk& desk, const WhatIfSettings& settings, const WhatIfMemory& memory,
                  Time end) {
  policy::WhatIf what_if;
  WhatIfReader reader(settings, what_if, memory);
  const auto scanned = desk.trace->scan({"Contoso", end - std::chrono::days(4), end}, reader);
  std::string told = fmt::format("{} rows, {} not judged. {}\n", scanned.rows, reader.not_judged(),
                                 what_if.to_sentence(what_if.changed_sources(end)));
  for (const policy::WhatIfSource& one : what_if.changed_sources(end)) {
    const policy::SourceStatistics& known = one.statistics;
    told += fmt::format("{} {}/{} {} {}/{} {}/{} {}/{} {} {} {} {}: {} {}\n",
                        known.address->to_string(), one.counts.refused_now, one.counts.refused_then,
                        known.count, known.spf.pass, known.spf.other, known.dkim.pass,
                        known.dkim.other, known.composite.pass, known.with_tls, known.self_to_self,
                        known.literal_hello, known.reverse_domain, known.certificate_name,
                        fmt::join(known.senders, ","), one.reason);
  }
  return told;
}

}  // namespace

TEST_CASE("how much is remembered changes nothing, whatever varies") {
  for (const std::size_t variety : {2u, 40u, 10'000u}) {
    CAPTURE(variety);
    Dice dice(static_cast<unsigned>(variety));
    TestDesk desk;
    desk.call("New-Organization Contoso");
    desk.call("New-AcceptedDomain contoso.com");
    for (int i = 0; i < 40; i += 3) desk.call(fmt::format("New-Recipient user{}@contoso.com", i));
    desk.call(
        "New-InboundConnector Bank -SenderDomains * -TlsSenderCertificateName mail1.test "
        "-RequireTls $false");
    const auto before = desk.directory->snapshot();
    desk.call("Set-OrganizationConfig -RejectDirectSend $true");
    desk.call("New-InboundConnector Printer -SenderDomains * -SenderIPAddresses 192.0.2.0/26");
    const auto after = desk.directory->snapshot();

    const Time end = now();
    // Numbers of texts mean something else each day.
    for (int i = 0; i < 1'200; ++i)
      desk.trace->record(random_record(dice, variety, end - std::chrono::minutes(3 * i)));
    const WhatIfSettings settings{
        .now = {*before, end}, .then = {*after, end}, .server_name = "mx.contoso.com"};
    const std::string told = judge(desk, settings, {}, end);
    CHECK(told.starts_with("1200 rows, "));
    CHECK_FALSE(told.contains(" 0 not judged"));
    CHECK(told.contains("would be refused"));
    CHECK(judge(desk, settings, {.addresses = 1, .facts = 1, .others = 1}, end) == told);
    CHECK(judge(desk, settings, {.addresses = 7, .facts = 3, .others = 2}, end) == told);
  }
}

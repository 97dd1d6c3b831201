#include "assess/mail_log.h"

#include <doctest/doctest.h>

#include <sstream>
#include <vector>

using namespace postern;
using namespace postern::assess;

namespace {

std::vector<Observation> read(std::string_view log, bool exim = false) {
  std::vector<Observation> all;
  const auto take = [&all](const Observation& seen) { all.push_back(seen); };
  const auto reader = exim ? read_exim_log(take) : read_postfix_log(take, *parse_iso("2026-11-22"));
  std::istringstream lines{std::string(log)};
  for (std::string line; std::getline(lines, line);) CHECK(reader->read(line));
  reader->finish();
  return all;
}

constexpr std::string_view postfix =
    "Nov  2 08:00:00 mx postfix/smtpd[71]: connect from printer.contoso.test[198.51.100.7]\n"
    "Nov  2 08:00:00 mx postfix/smtpd[71]: Anonymous TLS connection established from "
    "printer.contoso.test[198.51.100.7]: TLSv1.3 with cipher X\n"
    "Nov  2 08:00:01 mx postfix/smtpd[71]: 4RzX: client=printer.contoso.test[198.51.100.7]\n"
    "Nov  2 08:00:01 mx postfix/cleanup[72]: 4RzX: message-id=<1@printer>\n"
    "2026-11-02T09:00:02+01:00 mx postfix/submission/smtpd[73]: 4RzY: client=unknown[192.0.2.7], "
    "sasl_method=PLAIN, sasl_username=ann\n"
    "Nov  2 08:00:01 mx postfix/qmgr[5]: 4RzX: from=<printer@contoso.com>, size=812, nrcpt=2 "
    "(queue active)\n"
    "Nov  2 08:00:02 mx postfix/qmgr[5]: 4RzY: from=<ann@contoso.com>, size=1, nrcpt=1 (queue "
    "active)\n"
    "Nov  2 08:00:02 mx postfix/lmtp[9]: 4RzX: to=<a.b@contoso.com>, orig_to=<ann@contoso.com>, "
    "relay=x, status=sent (250)\n"
    "Nov  2 08:00:02 mx postfix/lmtp[9]: 4RzX: to=<\"b>\"@contoso.com>, relay=x, status=sent "
    "(250)\n"
    "Nov  2 08:00:02 mx postfix/qmgr[5]: 4RzX: removed\n"
    "Nov  2 08:00:03 mx postfix/smtpd[71]: NOQUEUE: reject: RCPT from x[203.0.113.9]: 554 no\n"
    "Nov  2 08:00:04 mx postfix/smtpd[71]: 4RzZ: client=localhost[127.0.0.1]\n";

constexpr std::string_view exim =
    "2026-11-02 08:00:01 1tA7bc-000001-2x <= printer@contoso.com H=printer.contoso.test (printer) "
    "[198.51.100.7]:4711 P=esmtps X=TLS1.3:X:256 S=812 id=1@printer T=\"H=[1.2.3.4] \\\" A=x\"\n"
    "2026-11-02 09:00:02 +0100 [99] 1tA7bc-000002-2x <= ann@contoso.com H=([192.0.2.7]) "
    "[192.0.2.7] P=esmtpsa A=plain:ann S=1 for bob@contoso.com joe@bank.test\n"
    "2026-11-02 08:00:02 1tA7bc-000001-2x no recipients were named above\n"
    "2026-11-02 08:00:03 1tA7bc-000003-2x <= <> R=1tA7bc-000001-2x U=exim P=local S=1\n"
    "2026-11-02 08:00:03 1tA7bc-000001-2x Completed\n"
    "2026-11-02 08:00:04 Start queue run: pid=1\n";

}  // namespace

TEST_CASE("Postfix: lines of several messages, put together") {
  const auto all = read(postfix);
  REQUIRE(all.size() == 3);
  CHECK(all[0].time == parse_iso("2026-11-02T08:00:01Z"));
  CHECK(all[0].client == IpAddress::parse("198.51.100.7"));
  CHECK(all[0].client_name == "printer.contoso.test");
  CHECK(all[0].sender == "printer@contoso.com");
  CHECK(all[0].recipients == std::vector<std::string>{"ann@contoso.com", "\"b>\"@contoso.com"});
  CHECK(all[0].with_tls);
  CHECK_FALSE(all[0].is_attributed);
  CHECK(all[1].time == parse_iso("2026-11-02T08:00:02Z"));
  CHECK(all[1].client_name.empty());
  CHECK(all[1].is_attributed);
  CHECK_FALSE(all[1].with_tls);
  // What a content filter gives back has no client.
  CHECK_FALSE(all[2].client);
}

TEST_CASE("Exim: arrival lines with whatever they have") {
  const auto all = read(exim, true);
  REQUIRE(all.size() == 3);
  CHECK(all[0].sender == "printer@contoso.com");
  CHECK(all[0].client == IpAddress::parse("198.51.100.7"));
  CHECK(all[0].client_name == "printer.contoso.test");
  CHECK(all[0].hello == "printer");
  CHECK(all[0].with_tls);
  CHECK_FALSE(all[0].is_attributed);
  CHECK(all[1].time == parse_iso("2026-11-02T08:00:02Z"));
  CHECK(all[1].hello == "[192.0.2.7]");
  CHECK(all[1].is_attributed);
  CHECK(all[1].recipients == std::vector<std::string>{"bob@contoso.com", "joe@bank.test"});
  CHECK(all[2].sender.empty());
  CHECK_FALSE(all[2].client);
}

TEST_CASE("Exim: recipients from deliveries, where arrivals do not name them") {
  const auto all = read(
      "2026-11-02 08:00:01 1tA7bc-000001-2x <= a@contoso.com H=[198.51.100.7] P=smtp S=1\n"
      "2026-11-02 08:00:02 1tA7bc-000001-2x => ann <ann@contoso.com> R=local T=lmtp\n"
      "2026-11-02 08:00:02 1tA7bc-000001-2x -> bob@contoso.com R=local T=lmtp\n",
      true);
  REQUIRE(all.size() == 1);
  CHECK(all[0].recipients == std::vector<std::string>{"ann@contoso.com", "bob@contoso.com"});
}

TEST_CASE("lines of something else are told") {
  const auto reader = read_postfix_log([](const Observation&) {}, *parse_iso("2026-11-22"));
  for (const std::string_view line :
       {"", "hello", "Nov  2 08:00:00 mx sshd[1]: hi", "Nov 32 08:00:00 mx postfix/smtpd[1]: x"})
    CHECK_FALSE(reader->read(line));
  const auto other = read_exim_log([](const Observation&) {});
  for (const std::string_view line : {"", "hello", "2026-11-02 8 x", "Nov  2 08:00:00 mx"})
    CHECK_FALSE(other->read(line));
}

TEST_CASE("messages under way are bounded, and none is lost") {
  std::size_t told = 0;
  const auto reader =
      read_postfix_log([&told](const Observation&) { ++told; }, *parse_iso("2026-11-22"));
  constexpr std::size_t count = max_messages_under_way + 10;
  for (std::size_t i = 0; i < count; ++i)
    reader->read("Nov  2 08:00:01 mx postfix/smtpd[1]: Q" + std::to_string(i) +
                 ": client=x[198.51.100.7]");
  CHECK(told == 10);
  reader->finish();
  CHECK(told == count);
}

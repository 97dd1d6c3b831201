#include "auth/author_hosts.h"

#include <doctest/doctest.h>

#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

AuthorHosts look_up(std::string_view zone, const std::string& domain, const char* client,
                    int* questions = nullptr) {
  dns::ZoneResolver resolver{dns::Zone::parse(zone, "zone").value()};
  dns::AnswerSet answers;
  dns::AskBudget budget;
  AuthorHosts hosts =
      dns::ask_until_done(resolver, answers, budget, [&](const dns::AnswerSet& known) {
        return find_author_hosts(domain, *IpAddress::parse(client), known);
      });
  if (questions != nullptr) *questions = budget.questions();
  return hosts;
}

}  // namespace

TEST_CASE("an author domain lives where its addresses and its mail exchangers are") {
  constexpr std::string_view zone =
      "bank.test. A 192.0.2.1\nbank.test. AAAA 2001:db8::1\n"
      "bank.test. MX 20 second.bank.test.\nbank.test. MX 10 mx.host.test.\n"
      "mx.host.test. A 192.0.2.9\nsecond.bank.test. A 192.0.2.10\n";
  const AuthorHosts hosts = look_up(zone, "bank.test", "203.0.113.9");
  CHECK(hosts.mail_exchangers == std::vector<std::string>{"mx.host.test", "second.bank.test"});
  REQUIRE(hosts.addresses.size() == 3);
  CHECK(hosts.addresses[1].to_string() == "192.0.2.9");
  const AuthorHosts by_v6 = look_up(zone, "bank.test", "2001:db8::7");
  REQUIRE(by_v6.addresses.size() == 1);
  CHECK(by_v6.addresses[0].to_string() == "2001:db8::1");
}

TEST_CASE("nothing known, no mail wanted, and a crowd of exchangers") {
  CHECK(look_up("", "nowhere.test", "203.0.113.9").addresses.empty());
  CHECK(look_up("no.test. MX 0 .\n", "no.test", "203.0.113.9").mail_exchangers.empty());
  std::string zone;
  for (int i = 0; i < 40; ++i)
    zone += "big.test. MX " + std::to_string(i) + " mx" + std::to_string(i) + ".big.test.\n";
  int questions = 0;
  CHECK(look_up(zone, "big.test", "203.0.113.9", &questions).mail_exchangers.size() ==
        max_author_exchangers);
  CHECK(questions == 2 + static_cast<int>(max_author_exchangers));
}

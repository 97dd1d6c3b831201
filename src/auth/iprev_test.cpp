#include "auth/iprev.h"

#include <doctest/doctest.h>

#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

const dns::Zone world = dns::Zone::parse(R"(
1.2.0.192.in-addr.arpa. PTR other.test.
1.2.0.192.in-addr.arpa. PTR mail.test.
other.test. A 192.0.2.99
mail.test.  A 192.0.2.1
2.2.0.192.in-addr.arpa. PTR other.test.
3.2.0.192.in-addr.arpa. PTR slow.test.
slow.test.  TIMEOUT
5.2.0.192.in-addr.arpa. SERVFAIL
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.test.
mail.test.  AAAA 2001:db8::1
)",
                                         "test")
                            .value();

Iprev check(std::string_view client) {
  dns::ZoneResolver resolver(world);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  return dns::ask_until_done(resolver, answers, budget, [&](const dns::AnswerSet& known) {
    return check_iprev(*IpAddress::parse(client), known);
  });
}

}  // namespace

TEST_CASE("a name counts if it leads back to the address") {
  CHECK(check("192.0.2.1").result == IprevResult::pass);
  CHECK(check("192.0.2.1").name == "mail.test");
  CHECK(check("2001:db8::1").name == "mail.test");
  CHECK(check("192.0.2.2").result == IprevResult::fail);
  CHECK(check("192.0.2.2").has_pointer);
  CHECK(check("192.0.2.2").name.empty());
}

TEST_CASE("no name and no answer are told apart") {
  CHECK(check("192.0.2.4").result == IprevResult::permerror);
  CHECK_FALSE(check("192.0.2.4").has_pointer);
  CHECK(check("192.0.2.3").result == IprevResult::temperror);
  CHECK(check("192.0.2.5").result == IprevResult::temperror);
}

TEST_CASE("only ten names are followed, all at once") {
  dns::Answer many{.status = dns::Status::ok};
  for (int i = 0; i < 50; ++i) many.names.push_back(std::to_string(i) + ".test");
  dns::AnswerSet answers;
  answers.add({"1.2.0.192.in-addr.arpa", dns::Type::ptr},
              std::make_shared<const dns::Answer>(many));
  CHECK(check_iprev(*IpAddress::parse("192.0.2.1"), answers).questions.size() == max_iprev_names);
}

TEST_CASE("the result in Authentication-Results") {
  const auto client = *IpAddress::parse("192.0.2.1");
  CHECK(mail::to_authentication_results_body(
            {.authserv_id = "mx",
             .results = {to_authentication_result(client, check("192.0.2.1"))}}) ==
        " mx;\r\n\tiprev=pass (mail.test) policy.iprev=192.0.2.1");
}

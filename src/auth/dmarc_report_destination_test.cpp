#include "auth/dmarc_report_destination.h"

#include <doctest/doctest.h>

#include "dns/ask.h"
#include "dns/zone.h"

using namespace postern;
using namespace postern::auth;

namespace {

const dns::Zone world = dns::Zone::parse(R"(
a.test._report._dmarc.reports.test. TXT "v=DMARC1"
b.test._report._dmarc.reports.test. TXT "v=DMARC1; rua=mailto:x@reports.test,mailto:y@evil.test"
c.test._report._dmarc.reports.test. TXT "anything else"
d.test._report._dmarc.reports.test. TIMEOUT
*._report._dmarc.all.test.          TXT "v=DMARC1"
)",
                                         "test")
                            .value();

ReportDestination check(std::string_view policy_domain, std::string_view destination) {
  dns::ZoneResolver resolver(world);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  return dns::ask_until_done(resolver, answers, budget, [&](const dns::AnswerSet& known) {
    return check_report_destination(policy_domain, destination, known);
  });
}

}  // namespace

TEST_CASE("reports go only where they are wanted") {
  using enum ReportDestinationResult;
  CHECK(check("a.test", "reports.test").result == authorized);
  CHECK(check("c.test", "reports.test").result == refused);
  CHECK(check("x.test", "reports.test").result == refused);
  CHECK(check("d.test", "reports.test").result == temperror);
  CHECK(check("x.test", "all.test").result == authorized);
  CHECK(check(std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a'),
              std::string(63, 'a') + ".test")
            .result == refused);
}

TEST_CASE("a destination may name other addresses of its own, and no others") {
  CHECK(check("a.test", "reports.test").rua.empty());
  CHECK(check("b.test", "reports.test").rua == std::vector<std::string>{"mailto:x@reports.test"});
}

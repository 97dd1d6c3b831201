#include "reports/tls_report.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::reports;

namespace {

std::string error_of(std::string_view json) {
  const auto report = parse_tls_report(json);
  return report ? "none" : report.error().message;
}

}  // namespace

TEST_CASE("the shape of RFC 8460 section 4.4") {
  const TlsReport report = parse_tls_report(R"({
    "organization-name": "Contoso", "contact-info": "t@contoso.test", "report-id": "x-1",
    "date-range": {"start-datetime": "2025-01-29T00:00:00Z", "end-datetime": "2025-01-29T23:59:59Z"},
    "policies": [{
      "policy": {"policy-type": "sts", "policy-string": ["version: STSv1", "mode: enforce"],
                 "policy-domain": "a.test", "mx-host": ["*.mail.a.test"]},
      "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
      "failure-details": [
        {"result-type": "certificate-expired", "sending-mta-ip": "2001:db8::1",
         "receiving-mx-hostname": "mx1.mail.a.test", "failed-session-count": 100},
        {"result-type": "invented", "receiving-ip": "192.0.2.1", "failed-session-count": 203}]}]
  })")
                               .value();
  CHECK(report.organization_name == "Contoso");
  CHECK(report.begin == parse_iso("2025-01-29"));
  REQUIRE(report.policies.size() == 1);
  const TlsPolicyReport& policy = report.policies[0];
  CHECK(policy.type == TlsPolicyType::sts);
  CHECK(policy.policy_string.size() == 2);
  CHECK(policy.mx_host == std::vector<std::string>{"*.mail.a.test"});
  CHECK(policy.successful_sessions == 5326);
  CHECK(policy.failed_sessions == 303);
  REQUIRE(policy.failures.size() == 2);
  CHECK(policy.failures[0].type == TlsResultType::certificate_expired);
  CHECK(policy.failures[0].sending_mta_ip == IpAddress::parse("2001:db8::1"));
  CHECK(policy.failures[1].type == TlsResultType::unknown);
  CHECK(policy.failures[1].result_type == "invented");
  CHECK(policy.failures[1].sessions == 203);
}

TEST_CASE("members of another type count as absent") {
  const TlsReport report = parse_tls_report(R"({
    "organization-name": 5, "date-range": [], "report-id": "a\u000ab",
    "policies": [7, {"policy": "x", "summary": {"total-failure-session-count": -3}},
                 {"policy": {"policy-type": null, "mx-host": "mx.a.test"}, "failure-details": {}}]
  })")
                               .value();
  CHECK(report.organization_name == "");
  CHECK(report.report_id == "a b");
  CHECK_FALSE(report.begin);
  REQUIRE(report.policies.size() == 2);
  CHECK(report.policies[0].failed_sessions == 0);
  CHECK(report.policies[1].type == TlsPolicyType::unknown);
  CHECK(report.policies[1].mx_host == std::vector<std::string>{"mx.a.test"});
}

TEST_CASE("what is no TLS report") {
  CHECK(error_of("").starts_with("The TLS report is no JSON"));
  CHECK(error_of("[]") == "This is no TLS report.");
  CHECK(error_of("{\"a\": 1}") == "This is no TLS report.");
  CHECK(error_of(std::string(100'000, '[')).starts_with("The TLS report is no JSON"));
  CHECK(error_of(std::string(max_tls_report_bytes + 1, ' ')) == "The TLS report is too large.");
}

#include "reports/dmarc_aggregate.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::reports;

namespace {

DmarcAggregateReport good(std::string_view xml) {
  auto report = parse_dmarc_aggregate(xml);
  REQUIRE_MESSAGE(report, (report ? "" : report.error().message));
  return *std::move(report);
}

std::string error_of(std::string_view xml) {
  const auto report = parse_dmarc_aggregate(xml);
  return report ? "none" : report.error().message;
}

const std::string policy = "<policy_published><domain>a.test</domain></policy_published>";

}  // namespace

TEST_CASE("the shape of RFC 9990") {
  const DmarcAggregateReport report = good(R"(<?xml version="1.0"?>
<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">
  <version>1.0</version>
  <report_metadata>
    <org_name lang="en"> Contoso &amp; Co </org_name><email>d@contoso.test</email>
    <report_id>x-1</report_id>
    <date_range><begin>1738108800</begin><end>1738195199</end></date_range>
    <error>one</error><error>two</error><generator>G 1</generator>
  </report_metadata>
  <policy_published>
    <domain>a.test</domain><p>quarantine</p><sp>none</sp><np>reject</np><adkim>s</adkim>
    <testing>y</testing><discovery_method>treewalk</discovery_method><fo>1:d</fo>
  </policy_published>
  <record>
    <row><source_ip>2001:DB8::1</source_ip><count>17</count>
      <policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>
        <reason><type>policy_test_mode</type><comment>t=y</comment></reason>
        <reason><type>invented</type></reason></policy_evaluated></row>
    <identifiers><header_from>a.test</header_from><envelope_from/></identifiers>
    <auth_results>
      <dkim><domain>a.test</domain><selector>s1</selector><result>pass</result></dkim>
      <dkim><domain>b.test</domain><result>temperror</result><human_result>dns</human_result></dkim>
      <spf><domain>c.test</domain><scope>mfrom</scope><result>softfail</result></spf>
    </auth_results>
  </record>
</d:feedback>)");
  CHECK(report.org_name == "Contoso & Co");
  CHECK(report.errors == std::vector<std::string>{"one", "two"});
  CHECK(report.generator == "G 1");
  CHECK(report.begin == parse_iso("2025-01-29"));
  CHECK(report.policy.np == auth::DmarcPolicy::reject);
  CHECK(report.policy.adkim == auth::DmarcMode::strict);
  CHECK_FALSE(report.policy.aspf);
  CHECK(report.policy.is_testing);
  CHECK(report.policy.discovery == DmarcDiscovery::treewalk);
  REQUIRE(report.records.size() == 1);
  const DmarcReportRecord& record = report.records[0];
  CHECK(record.source_ip == IpAddress::parse("2001:db8::1"));
  CHECK(record.count == 17);
  CHECK(record.disposition == DmarcDisposition::pass);
  CHECK(record.dkim == DmarcAligned::pass);
  CHECK(record.spf == DmarcAligned::fail);
  REQUIRE(record.reasons.size() == 2);
  CHECK(record.reasons[0].type == DmarcOverride::policy_test_mode);
  CHECK(record.reasons[0].comment == "t=y");
  CHECK_FALSE(record.reasons[1].type);
  REQUIRE(record.dkim_results.size() == 2);
  CHECK(record.dkim_results[1].result == auth::DkimStatus::temperror);
  CHECK(record.dkim_results[1].selector == "");
  CHECK(record.spf_results[0].scope == SpfScope::mfrom);
  CHECK(record.spf_results[0].result == auth::SpfResult::softfail);
}

TEST_CASE("what cannot be read is absent, the rest stays") {
  const DmarcAggregateReport report =
      good("<feedback><record><row><source_ip>here</source_ip><count>-1</count></row></record>" +
           policy +
           "<record><row><count>99999999999999999999</count></row></record>"
           "<date_range><begin>1</begin></date_range><row/></feedback>");
  REQUIRE(report.records.size() == 2);
  CHECK_FALSE(report.records[0].source_ip);
  CHECK(report.records[0].count == 0);
  CHECK(report.records[1].count == 0);
  CHECK_FALSE(report.begin);
}

TEST_CASE("what is no report") {
  CHECK(error_of("").starts_with("Line 1 is no XML"));
  CHECK(error_of("<feedback>" + policy).starts_with("Line 1 is no XML"));
  CHECK(error_of("<html/>") ==
        "This is no DMARC aggregate report: its first element is not feedback.");
  CHECK(error_of("<feedbacks/>").starts_with("This is no DMARC aggregate report"));
  CHECK(error_of("<feedback/>") == "The report does not say which domain it is about.");
}

TEST_CASE("documents that attack their reader") {
  // Entities that multiply, entities from elsewhere: no document type, no entities.
  CHECK(error_of(
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><feedback>&b;</feedback>") ==
        "The document has a document type, which no report needs.");
  CHECK(error_of("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><feedback/>") ==
        "The document has a document type, which no report needs.");
  std::string deep = "<feedback>";
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  CHECK(error_of(deep) == "The document is nested too deeply.");

  // A long text is cut, many results are not kept, control characters are not shown.
  std::string many = "<feedback>" + policy + "<version>" + std::string(1'000'000, 'x') +
                     "</version><report_metadata><email>a&#10;b&#x9b;</email></report_metadata>"
                     "<record><auth_results>";
  for (std::size_t i = 0; i < 3 * max_dmarc_items; ++i)
    many += "<dkim><domain>" + std::to_string(i) + "</domain></dkim>";
  const DmarcAggregateReport report = good(many + "</auth_results></record></feedback>");
  CHECK(report.version.size() == 4096);
  CHECK(report.email == "a b\uFFFD");
  CHECK(report.records[0].dkim_results.size() == max_dmarc_items);

  std::string records = "<feedback>" + policy;
  for (std::size_t i = 0; i <= max_dmarc_records; ++i) records += "<record/>";
  CHECK(error_of(records + "</feedback>") == "The report has too many records.");
}

// Reports of others: what mail-auth reads in DMARC aggregate reports, TLS reports and feedback
// reports. Each file stands beside a JSON of what it must say; both sides are written as text, a
// line for every fact, and compared.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/ascii.h"
#include "mail/header_fields.h"
#include "mail/transfer_encoding.h"
#include "reports/report_message.h"
#include "tests/conformance/json_files.h"
#include "tests/conformance/report.h"

namespace postern::conformance {
namespace {

namespace json = boost::json;
using namespace reports;

/// Facts as lines `name=value`; what is absent or empty on one side is so on the other.
class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{}={}\n", name, value);
  }
  void add(std::string_view name, std::uint64_t number) { add(name, std::to_string(number)); }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

const json::value* find(const json::value& object, std::string_view key) {
  const json::value* value =
      object.as_object().if_contains(json::string_view(key.data(), key.size()));
  return value && !value->is_null() ? value : nullptr;
}

std::string text(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value ? std::string(value->as_string()) : "";
}

std::uint64_t number(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value ? value->to_number<std::uint64_t>() : 0;
}

json::array items(const json::value& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value ? value->as_array() : json::array();
}

/// `TrustedForwarder` and `trusted_forwarder` are one word; `Unspecified` is none.
std::string word(std::string_view written) {
  std::string letters = to_lower(written);
  std::erase_if(letters, [](char c) { return c == '_' || c == '-'; });
  return letters == "unspecified" ? "" : letters == "mailfrom" ? "mfrom" : letters;
}

template <class Word>
std::string word(const std::optional<Word>& value) {
  return value ? word(to_string(*value)) : "";
}

std::string mode(const std::optional<auth::DmarcMode>& value) {
  return !value ? "" : *value == auth::DmarcMode::relaxed ? "relaxed" : "strict";
}

std::string address(const std::optional<IpAddress>& value) {
  return value ? value->to_string() : "";
}

/// As we write it: `2001:db8:abcd:0012::1` has a zero too much.
std::string address(std::string_view written) {
  return address(IpAddress::parse(written));
}

std::string seconds(const std::optional<Time>& time) {
  if (!time) return "";
  const auto since = std::chrono::floor<std::chrono::seconds>(time->time_since_epoch());
  return std::to_string(since.count());
}

std::string describe(const DmarcAggregateReport& report) {
  Facts facts;
  facts.add("version", fmt::format("{}", report.version.empty() ? 0 : std::stod(report.version)));
  facts.add("org", report.org_name);
  facts.add("email", report.email);
  facts.add("contact", report.extra_contact_info);
  facts.add("id", report.report_id);
  facts.add("begin", seconds(report.begin));
  facts.add("end", seconds(report.end));
  for (const std::string& error : report.errors) facts.add("error", error);
  facts.add("domain", report.policy.domain);
  facts.add("version_published", report.policy.version);
  facts.add("adkim", mode(report.policy.adkim));
  facts.add("aspf", mode(report.policy.aspf));
  facts.add("p", word(report.policy.p));
  facts.add("sp", word(report.policy.sp));
  facts.add("testing", report.policy.is_testing ? "yes" : "");
  facts.add("fo", report.policy.fo);
  for (const DmarcReportRecord& record : report.records) {
    facts.add("source", address(record.source_ip));
    facts.add("count", record.count);
    facts.add("disposition", word(record.disposition));
    facts.add("aligned dkim", word(record.dkim));
    facts.add("aligned spf", word(record.spf));
    for (const DmarcReason& reason : record.reasons)
      facts.add("reason", word(reason.type) + " " + reason.comment);
    facts.add("envelope_to", record.envelope_to);
    facts.add("envelope_from", record.envelope_from);
    facts.add("header_from", record.header_from);
    for (const DkimReportResult& dkim : record.dkim_results)
      facts.add("dkim", fmt::format("{} {} {} {}", dkim.domain, dkim.selector, word(dkim.result),
                                    dkim.human_result));
    for (const SpfReportResult& spf : record.spf_results)
      facts.add("spf", fmt::format("{} {} {} {}", spf.domain, word(spf.scope), word(spf.result),
                                   spf.human_result));
    for (const DmarcExtension& extension : record.extensions)
      facts.add("extension of record", extension.name + " " + extension.definition);
  }
  for (const DmarcExtension& extension : report.extensions)
    facts.add("extension", extension.name + " " + extension.definition);
  return facts.text();
}

std::string describe_dmarc(const json::value& report) {
  Facts facts;
  facts.add("version", fmt::format("{}", report.at("version").to_number<double>()));
  const json::value& metadata = report.at("report_metadata");
  facts.add("org", text(metadata, "org_name"));
  facts.add("email", text(metadata, "email"));
  facts.add("contact", text(metadata, "extra_contact_info"));
  facts.add("id", text(metadata, "report_id"));
  facts.add("begin", number(metadata.at("date_range"), "begin"));
  facts.add("end", number(metadata.at("date_range"), "end"));
  for (const json::value& error : items(metadata, "error"))
    facts.add("error", std::string_view(error.as_string()));
  const json::value& policy = report.at("policy_published");
  facts.add("domain", text(policy, "domain"));
  facts.add("version_published", text(policy, "version_published"));
  facts.add("adkim", word(text(policy, "adkim")));
  facts.add("aspf", word(text(policy, "aspf")));
  facts.add("p", word(text(policy, "p")));
  facts.add("sp", word(text(policy, "sp")));
  facts.add("testing", policy.at("testing").as_bool() ? "yes" : "");
  facts.add("fo", text(policy, "fo"));
  for (const json::value& record : items(report, "record")) {
    const json::value& row = record.at("row");
    const json::value& evaluated = row.at("policy_evaluated");
    facts.add("source", address(text(row, "source_ip")));
    facts.add("count", number(row, "count"));
    facts.add("disposition", word(text(evaluated, "disposition")));
    facts.add("aligned dkim", word(text(evaluated, "dkim")));
    facts.add("aligned spf", word(text(evaluated, "spf")));
    for (const json::value& reason : items(evaluated, "reason"))
      facts.add("reason", word(text(reason, "type_")) + " " + text(reason, "comment"));
    for (const char* name : {"envelope_to", "envelope_from", "header_from"})
      facts.add(name, text(record.at("identifiers"), name));
    for (const json::value& dkim : items(record.at("auth_results"), "dkim"))
      facts.add("dkim", fmt::format("{} {} {} {}", text(dkim, "domain"), text(dkim, "selector"),
                                    word(text(dkim, "result")), text(dkim, "human_result")));
    for (const json::value& spf : items(record.at("auth_results"), "spf"))
      facts.add("spf", fmt::format("{} {} {} {}", text(spf, "domain"), word(text(spf, "scope")),
                                   word(text(spf, "result")), text(spf, "human_result")));
    for (const json::value& extension : items(record, "extensions"))
      facts.add("extension of record",
                text(extension, "name") + " " + text(extension, "definition"));
  }
  for (const json::value& extension : items(report, "extensions"))
    facts.add("extension", text(extension, "name") + " " + text(extension, "definition"));
  return facts.text();
}

std::string describe(const TlsReport& report) {
  Facts facts;
  facts.add("organization", report.organization_name);
  facts.add("begin", seconds(report.begin));
  facts.add("end", seconds(report.end));
  facts.add("contact", report.contact_info);
  facts.add("id", report.report_id);
  for (const TlsPolicyReport& policy : report.policies) {
    facts.add("policy", policy.policy_type);
    if (policy.type != TlsPolicyType::unknown) facts.add("known policy", to_string(policy.type));
    for (const std::string& line : policy.policy_string) facts.add("line", line);
    facts.add("domain", policy.policy_domain);
    for (const std::string& host : policy.mx_host) facts.add("mx", host);
    facts.add("successes", policy.successful_sessions);
    facts.add("failures", policy.failed_sessions);
    for (const TlsFailure& failure : policy.failures) {
      facts.add("result", to_string(failure.type));
      facts.add("sessions", failure.sessions);
      facts.add("from", address(failure.sending_mta_ip));
      facts.add("to", address(failure.receiving_ip));
      facts.add("host", failure.receiving_mx_hostname);
      facts.add("helo", failure.receiving_mx_helo);
      facts.add("more", failure.additional_information);
      facts.add("code", failure.failure_reason_code);
    }
  }
  return facts.text();
}

std::string describe_tls(const json::value& report) {
  Facts facts;
  facts.add("organization", text(report, "organization-name"));
  facts.add("begin", seconds(parse_iso(text(report.at("date-range"), "start-datetime"))));
  facts.add("end", seconds(parse_iso(text(report.at("date-range"), "end-datetime"))));
  facts.add("contact", text(report, "contact-info"));
  facts.add("id", text(report, "report-id"));
  for (const json::value& each : items(report, "policies")) {
    const json::value& policy = each.at("policy");
    const std::string type = text(policy, "policy-type");
    facts.add("policy", type);
    if (type != "invalid-policy-type") facts.add("known policy", type);
    for (const json::value& line : items(policy, "policy-string"))
      facts.add("line", std::string_view(line.as_string()));
    facts.add("domain", text(policy, "policy-domain"));
    for (const json::value& host : items(policy, "mx-host"))
      facts.add("mx", std::string_view(host.as_string()));
    facts.add("successes", number(each.at("summary"), "total-successful-session-count"));
    facts.add("failures", number(each.at("summary"), "total-failure-session-count"));
    for (const json::value& failure : items(each, "failure-details")) {
      facts.add("result", text(failure, "result-type"));
      facts.add("sessions", number(failure, "failed-session-count"));
      facts.add("from", address(text(failure, "sending-mta-ip")));
      facts.add("to", address(text(failure, "receiving-ip")));
      facts.add("host", text(failure, "receiving-mx-hostname"));
      facts.add("helo", text(failure, "receiving-mx-helo"));
      // The example of RFC 8460 ends with a blank.
      facts.add("more", trim(text(failure, "additional-information")));
      facts.add("code", text(failure, "failure-reason-code"));
    }
  }
  return facts.text();
}

std::string describe(const FeedbackReport& report) {
  Facts facts;
  facts.add("type", word(to_string(report.type)));
  facts.add("arrival", seconds(report.arrival_date));
  for (const std::string& results : report.authentication_results) facts.add("results", results);
  facts.add("incidents", report.incidents);
  facts.add("envelope id", report.original_envelope_id);
  facts.add("mail from", report.original_mail_from);
  for (const std::string& rcpt : report.original_rcpt_to) facts.add("rcpt to", rcpt);
  for (const std::string& domain : report.reported_domains) facts.add("domain", domain);
  for (const std::string& uri : report.reported_uris) facts.add("uri", uri);
  facts.add("mta", report.reporting_mta);
  facts.add("source", address(report.source_ip));
  facts.add("port", report.source_port);
  facts.add("user agent", report.user_agent);
  facts.add("version", report.version);
  facts.add("auth failure", word(report.auth_failure));
  facts.add("delivery", word(report.delivery_result));
  facts.add("alignment", report.identity_alignment);
  facts.add("adsp", report.dkim_adsp_dns);
  facts.add("body", report.dkim_canonicalized_body);
  facts.add("header", report.dkim_canonicalized_header);
  facts.add("dkim domain", report.dkim_domain);
  facts.add("dkim identity", report.dkim_identity);
  facts.add("dkim selector", report.dkim_selector);
  facts.add("dkim record", report.dkim_selector_dns);
  for (const std::string& record : report.spf_dns) facts.add("spf record", record);
  // The suite quotes header sections alone.
  if (!report.is_original_whole) facts.add("headers", report.original);
  return facts.text();
}

std::string describe_feedback(const json::value& report) {
  Facts facts;
  const auto without_brackets = [](std::string written) {
    std::erase_if(written, [](char c) { return c == '<' || c == '>'; });
    return written;
  };
  facts.add("type", word(text(report, "feedback_type")));
  if (const json::value* arrival = find(report, "arrival_date"))
    facts.add("arrival", arrival->to_number<std::uint64_t>());
  for (const json::value& results : items(report, "authentication_results"))
    facts.add("results", mail::unfold(std::string_view(results.as_string())));
  facts.add("incidents", number(report, "incidents"));
  facts.add("envelope id", text(report, "original_envelope_id"));
  facts.add("mail from", without_brackets(text(report, "original_mail_from")));
  facts.add("rcpt to", without_brackets(text(report, "original_rcpt_to")));
  for (const json::value& domain : items(report, "reported_domain"))
    facts.add("domain", std::string_view(domain.as_string()));
  for (const json::value& uri : items(report, "reported_uri"))
    facts.add("uri", std::string_view(uri.as_string()));
  facts.add("mta", text(report, "reporting_mta"));
  facts.add("source", address(text(report, "source_ip")));
  facts.add("port", number(report, "source_port"));
  facts.add("user agent", text(report, "user_agent"));
  facts.add("version", number(report, "version"));
  facts.add("auth failure", word(text(report, "auth_failure")));
  facts.add("delivery", word(text(report, "delivery_result")));
  facts.add("alignment", word(text(report, "identity_alignment")));
  facts.add("adsp", text(report, "dkim_adsp_dns"));
  facts.add("body", mail::decode_base64(text(report, "dkim_canonicalized_body")));
  facts.add("header", mail::decode_base64(text(report, "dkim_canonicalized_header")));
  facts.add("dkim domain", text(report, "dkim_domain"));
  facts.add("dkim identity", text(report, "dkim_identity"));
  facts.add("dkim selector", text(report, "dkim_selector"));
  facts.add("dkim record", text(report, "dkim_selector_dns"));
  facts.add("spf record", text(report, "spf_dns"));
  facts.add("headers", text(report, "headers"));
  return facts.text();
}

/// What stands between the lines that both sides begin with and those that they end with, on one
/// line. Both are texts of Facts.
std::pair<std::string, std::string> differing(std::string a, std::string b) {
  std::size_t same = 0;  // up to the last line ending that both have
  for (std::size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i)
    if (a[i] == '\n') same = i + 1;
  a.erase(0, same);
  b.erase(0, same);
  std::size_t tail = 0;  // from the first line that both have
  for (std::size_t i = 1; i <= std::min(a.size(), b.size()) && a[a.size() - i] == b[b.size() - i];
       ++i)
    if (i == a.size() || i == b.size() || a[a.size() - i - 1] == '\n') tail = i;
  a.resize(a.size() - tail);
  b.resize(b.size() - tail);
  for (std::string* text : {&a, &b}) std::ranges::replace(*text, '\n', ';');
  return {a, b};
}

/// All reports of a folder: messages, and documents alone.
template <class Value>
SuiteReport folder_of(const std::string& name, const std::filesystem::path& folder,
                      std::string (*describe_expected)(const json::value&),
                      std::map<std::string, std::string> differences = {}) {
  SuiteReport suite(name);
  suite.expect_differences(std::move(differences));
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto& file = entry.path();
    // A .json that stands alone is input and expectation in one.
    const bool is_alone =
        file.extension() == ".json" &&
        !std::filesystem::exists(std::filesystem::path(file).replace_extension(".eml"));
    const bool has_xml =
        std::filesystem::exists(std::filesystem::path(file).replace_extension(".xml"));
    if (file.extension() != ".json" || (is_alone && !has_xml)) files.push_back(file);
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& file : files) {
    const std::string bytes = read_file(file);
    const auto report = file.extension() == ".eml" ? read_report(bytes) : read_report_file(bytes);
    const Value* value = report ? std::get_if<Value>(&*report) : nullptr;
    const json::value wanted = read_json(std::filesystem::path(file).replace_extension(".json"));
    const auto [expected, got] =
        differing(describe_expected(wanted), value    ? describe(*value)
                                             : report ? "another kind of report"
                                                      : report.error().message);
    suite.check(file.filename().string(), expected, got);
  }
  suite.finish();
  return suite;
}

}  // namespace

std::vector<SuiteReport> reports_suites(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  const auto reports = folder / "reports";
  std::vector<SuiteReport> suites;
  suites.push_back(folder_of<DmarcAggregateReport>(
      "reports/dmarc", reports / "dmarc", describe_dmarc,
      {{"005.xml", "RFC 7489 appendix C: sampled_out is a reason of its own, not other"}}));
  suites.push_back(folder_of<TlsReport>("reports/tlsrpt", reports / "tlsrpt", describe_tls));
  suites.push_back(folder_of<FeedbackReport>("reports/arf", reports / "arf", describe_feedback));
  return suites;
}

}  // namespace postern::conformance

#include "reports/tls_report.h"

#include <boost/json.hpp>
#include <cstdlib>

#include "reports/words.h"

namespace postern::reports {
namespace {

namespace json = boost::json;

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(json::string_view(key.data(), key.size()));
}

/// Null: there is no object of that name.
const json::object* find_object(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value ? value->if_object() : nullptr;
}

std::string to_text(const json::value& value) {
  const json::string* text = value.if_string();
  return text ? clean_text({text->data(), text->size()}) : "";
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  return value ? to_text(*value) : "";
}

std::uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (!value) return 0;
  if (const auto* number = value->if_uint64()) return *number;
  const auto* number = value->if_int64();
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

/// An array of texts; some senders write one text alone.
std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* value = find(object, key);
  if (!value) return texts;
  if (value->is_string()) texts.push_back(to_text(*value));
  if (const json::array* array = value->if_array())
    for (const json::value& each : *array)
      if (each.is_string()) texts.push_back(to_text(each));
  return texts;
}

/// Calls `use` with every object of an array.
template <class Use>
void for_each_object(const json::object& object, std::string_view key, Use use) {
  const json::value* value = find(object, key);
  const json::array* array = value ? value->if_array() : nullptr;
  if (!array) return;
  for (const json::value& each : *array)
    if (const json::object* one = each.if_object()) use(*one);
}

TlsPolicyType to_policy_type(std::string_view word) {
  return find_word(word, {TlsPolicyType::no_policy_found, TlsPolicyType::sts, TlsPolicyType::tlsa})
      .value_or(TlsPolicyType::unknown);
}

TlsResultType to_result_type(std::string_view word) {
  using enum TlsResultType;
  return find_word(word,
                   {starttls_not_supported, certificate_host_mismatch, certificate_expired,
                    certificate_not_trusted, validation_failure, tlsa_invalid, dnssec_invalid,
                    dane_required, sts_policy_fetch_error, sts_policy_invalid, sts_webpki_invalid})
      .value_or(unknown);
}

// Section 4.4, "failure-details".
TlsFailure to_failure(const json::object& details) {
  TlsFailure failure;
  failure.result_type = text_of(details, "result-type");
  failure.type = to_result_type(failure.result_type);
  failure.sessions = number_of(details, "failed-session-count");
  failure.sending_mta_ip = IpAddress::parse(text_of(details, "sending-mta-ip"));
  failure.receiving_ip = IpAddress::parse(text_of(details, "receiving-ip"));
  failure.receiving_mx_hostname = text_of(details, "receiving-mx-hostname");
  failure.receiving_mx_helo = text_of(details, "receiving-mx-helo");
  failure.additional_information = text_of(details, "additional-information");
  failure.failure_reason_code = text_of(details, "failure-reason-code");
  return failure;
}

TlsPolicyReport to_policy_report(const json::object& object) {
  TlsPolicyReport report;
  if (const json::object* policy = find_object(object, "policy")) {
    report.policy_type = text_of(*policy, "policy-type");
    report.type = to_policy_type(report.policy_type);
    report.policy_string = texts_of(*policy, "policy-string");
    report.policy_domain = text_of(*policy, "policy-domain");
    report.mx_host = texts_of(*policy, "mx-host");
  }
  if (const json::object* summary = find_object(object, "summary")) {
    report.successful_sessions = number_of(*summary, "total-successful-session-count");
    report.failed_sessions = number_of(*summary, "total-failure-session-count");
  }
  for_each_object(object, "failure-details", [&](const json::object& details) {
    report.failures.push_back(to_failure(details));
  });
  return report;
}

}  // namespace

std::string_view to_string(TlsPolicyType type) {
  switch (type) {
    case TlsPolicyType::unknown:
      return "unknown";
    case TlsPolicyType::no_policy_found:
      return "no-policy-found";
    case TlsPolicyType::sts:
      return "sts";
    case TlsPolicyType::tlsa:
      return "tlsa";
  }
  std::abort();
}

std::string_view to_string(TlsResultType type) {
  switch (type) {
    case TlsResultType::unknown:
      return "unknown";
    case TlsResultType::starttls_not_supported:
      return "starttls-not-supported";
    case TlsResultType::certificate_host_mismatch:
      return "certificate-host-mismatch";
    case TlsResultType::certificate_expired:
      return "certificate-expired";
    case TlsResultType::certificate_not_trusted:
      return "certificate-not-trusted";
    case TlsResultType::validation_failure:
      return "validation-failure";
    case TlsResultType::tlsa_invalid:
      return "tlsa-invalid";
    case TlsResultType::dnssec_invalid:
      return "dnssec-invalid";
    case TlsResultType::dane_required:
      return "dane-required";
    case TlsResultType::sts_policy_fetch_error:
      return "sts-policy-fetch-error";
    case TlsResultType::sts_policy_invalid:
      return "sts-policy-invalid";
    case TlsResultType::sts_webpki_invalid:
      return "sts-webpki-invalid";
  }
  std::abort();
}

Result<TlsReport> parse_tls_report(std::string_view text) {
  if (text.size() > max_tls_report_bytes) return fail("The TLS report is too large.");
  json::error_code error;
  const json::value document = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return fail("The TLS report is no JSON: " + error.message() + ".");
  const json::object* object = document.if_object();
  if (!object || !find(*object, "policies")) return fail("This is no TLS report.");

  TlsReport report;
  report.organization_name = text_of(*object, "organization-name");
  report.contact_info = text_of(*object, "contact-info");
  report.report_id = text_of(*object, "report-id");
  if (const json::object* range = find_object(*object, "date-range")) {
    report.begin = parse_iso(text_of(*range, "start-datetime"));
    report.end = parse_iso(text_of(*range, "end-datetime"));
  }
  for_each_object(*object, "policies", [&](const json::object& policy) {
    report.policies.push_back(to_policy_report(policy));
  });
  return report;
}

}  // namespace postern::reports

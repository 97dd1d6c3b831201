// SMTP TLS reports: which connections to a domain's servers had TLS as its policy wants, and which
// had not (RFC 8460 section 4, JSON).
//
// Like all reports it is what a stranger says. Tolerant: unknown members are skipped, absent ones
// are empty or 0; a member of another type than the RFC has counts as absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::reports {

/// A document of JSON takes many times its size while it is read.
inline constexpr std::size_t max_tls_report_bytes = 4 * 1024 * 1024;

/// `policy-type` of section 4.4; unknown: another word, or none.
enum class TlsPolicyType { unknown, no_policy_found, sts, tlsa };
std::string_view to_string(TlsPolicyType type);

/// `result-type` of section 4.3; unknown: a word that is not there.
enum class TlsResultType {
  unknown,
  starttls_not_supported,
  certificate_host_mismatch,
  certificate_expired,
  certificate_not_trusted,
  validation_failure,
  tlsa_invalid,
  dnssec_invalid,
  dane_required,
  sts_policy_fetch_error,
  sts_policy_invalid,
  sts_webpki_invalid
};
std::string_view to_string(TlsResultType type);

/// Sessions that failed for one reason between the same hosts.
struct TlsFailure {
  TlsResultType type = TlsResultType::unknown;
  std::string result_type;  ///< as written
  std::uint64_t sessions = 0;
  std::optional<IpAddress> sending_mta_ip;
  std::optional<IpAddress> receiving_ip;
  std::string receiving_mx_hostname;
  std::string receiving_mx_helo;
  std::string additional_information;
  std::string failure_reason_code;
};

struct TlsPolicyReport {
  TlsPolicyType type = TlsPolicyType::unknown;
  std::string policy_type;                 ///< as written
  std::vector<std::string> policy_string;  ///< the policy, line by line
  std::string policy_domain;
  std::vector<std::string> mx_host;
  std::uint64_t successful_sessions = 0;
  std::uint64_t failed_sessions = 0;
  std::vector<TlsFailure> failures;
};

struct TlsReport {
  std::string organization_name;
  std::optional<Time> begin;
  std::optional<Time> end;
  std::string contact_info;
  std::string report_id;
  std::vector<TlsPolicyReport> policies;
};

/// `json` is the document, unpacked. An error for what is no JSON object with `policies`, and for
/// one above max_tls_report_bytes.
Result<TlsReport> parse_tls_report(std::string_view json);

}  // namespace postern::reports

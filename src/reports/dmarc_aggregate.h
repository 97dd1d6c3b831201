// DMARC aggregate reports: what a receiver made of a day's mail of a domain (RFC 9990, with the
// schema in appendix A; RFC 7489 appendix C is the older shape, which most senders still have).
//
// A report is what a stranger says. Who it comes from is for DKIM and DMARC of the message that
// brought it; here it is only read. Tolerant: elements are known by their names, in any order and
// namespace; what is not known is skipped, a word that neither RFC has is no value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.h"
#include "auth/dmarc_record.h"
#include "auth/spf.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::reports {

/// More make no report.
inline constexpr std::size_t max_dmarc_records = 200'000;
/// Of results, reasons, errors and extensions in one place; more are left out.
inline constexpr std::size_t max_dmarc_items = 100;

/// What was done with the mail. `pass`: it passed DMARC, which RFC 7489 did not tell from none.
enum class DmarcDisposition { none, pass, quarantine, reject };
std::string_view to_string(DmarcDisposition disposition);

/// Did an aligned identifier authenticate?
enum class DmarcAligned { pass, fail };
std::string_view to_string(DmarcAligned aligned);

/// Why the policy was not followed. `forwarded` and `sampled_out` are of RFC 7489 alone,
/// `policy_test_mode` of RFC 9990.
enum class DmarcOverride {
  forwarded,
  local_policy,
  mailing_list,
  other,
  policy_test_mode,
  sampled_out,
  trusted_forwarder
};
std::string_view to_string(DmarcOverride override);

/// How the policy was found: by the tree walk of RFC 9989 or a public suffix list.
enum class DmarcDiscovery { psl, treewalk };
std::string_view to_string(DmarcDiscovery discovery);

/// Which name SPF checked; RFC 9990 has mfrom alone.
enum class SpfScope { helo, mfrom };
std::string_view to_string(SpfScope scope);

// Texts are fit to be shown, and empty where the element is absent. Nothing in place of a word:
// it is absent, or neither RFC has it. A number that cannot be read is 0.

struct DmarcReason {
  std::optional<DmarcOverride> type;
  std::string comment;
};

struct DkimReportResult {
  std::string domain;
  std::string selector;
  std::optional<auth::DkimStatus> result;
  std::string human_result;
};

struct SpfReportResult {
  std::string domain;
  std::optional<SpfScope> scope;
  std::optional<auth::SpfResult> result;
  std::string human_result;
};

/// What stands in it is for those who defined it, and is not kept.
struct DmarcExtension {
  std::string name;
  std::string definition;
};

/// Messages that have all of this in common.
struct DmarcReportRecord {
  std::optional<IpAddress> source_ip;
  std::uint64_t count = 0;
  std::optional<DmarcDisposition> disposition;
  std::optional<DmarcAligned> dkim;
  std::optional<DmarcAligned> spf;
  std::vector<DmarcReason> reasons;
  std::string envelope_to;
  std::string envelope_from;
  std::string header_from;  ///< the author domain
  std::vector<DkimReportResult> dkim_results;
  std::vector<SpfReportResult> spf_results;
  std::vector<DmarcExtension> extensions;
};

/// The record as the receiver found it. Where it says nothing of a mode or a policy, so does this.
struct DmarcPolicyPublished {
  std::string domain;
  std::string version;
  std::optional<auth::DmarcMode> adkim;
  std::optional<auth::DmarcMode> aspf;
  std::optional<auth::DmarcPolicy> p;
  std::optional<auth::DmarcPolicy> sp;
  std::optional<auth::DmarcPolicy> np;
  std::string pct;  ///< RFC 7489 alone
  std::string fo;
  bool is_testing = false;
  std::optional<DmarcDiscovery> discovery;
};

struct DmarcAggregateReport {
  std::string version;
  std::string org_name;
  std::string email;
  std::string extra_contact_info;
  std::string report_id;
  std::string generator;
  std::optional<Time> begin;
  std::optional<Time> end;
  std::vector<std::string> errors;
  DmarcPolicyPublished policy;
  std::vector<DmarcReportRecord> records;
  std::vector<DmarcExtension> extensions;
};

/// `xml` is the document, unpacked. An error for what is no well-formed XML, has a document type
/// (no report needs one, and entities are a way to attack readers), is another document, says of no
/// domain that it is about it, or has too many records.
Result<DmarcAggregateReport> parse_dmarc_aggregate(std::string_view xml);

}  // namespace postern::reports

// DMARC policy records, `v=DMARC1; p=reject; rua=mailto:dmarc@example.com` (RFC 9989 sections 4.7
// and 4.8): what a domain owner asks receivers to do with mail that fails.
//
// Only v= must be right. Whatever else is wrong is left out as if it were not there, as section
// 4.7 wants it, since half of the records in the world have a fault; but where that leaves no
// valid policy, `applies` is false and the record only marks a place in the tree (section 4.10.1).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::auth {

/// p=, sp= and np=, from the mildest on.
enum class DmarcPolicy { none, quarantine, reject };
std::string_view to_string(DmarcPolicy policy);

/// adkim= and aspf=.
enum class DmarcMode { relaxed, strict };

/// psd=. `unknown` is its u and the default.
enum class DmarcPsd { unknown, yes, no };

/// fo=; all false is 0.
struct DmarcFailureOptions {
  bool any = false;   ///< 1
  bool dkim = false;  ///< d
  bool spf = false;   ///< s

  bool operator==(const DmarcFailureOptions&) const = default;
};

/// Of rua= and of ruf=; more are not looked at.
inline constexpr std::size_t max_report_uris = 20;

struct DmarcRecord {
  /// False: no valid policy and nobody to report to, so that nothing is asked of a receiver.
  bool applies = true;
  DmarcPolicy p = DmarcPolicy::none;
  std::optional<DmarcPolicy> sp;
  std::optional<DmarcPolicy> np;
  DmarcMode adkim = DmarcMode::relaxed;
  DmarcMode aspf = DmarcMode::relaxed;
  DmarcPsd psd = DmarcPsd::unknown;
  bool is_testing = false;  ///< t=y
  /// `mailto:` URIs with a mailbox, as written; other schemes are ignored (section 4.7). The size
  /// limits of RFC 7489 are dropped.
  std::vector<std::string> rua;
  std::vector<std::string> ruf;
  DmarcFailureOptions fo;

  bool operator==(const DmarcRecord&) const = default;
};

/// Does the text begin with a version of ours? Other TXT records at the same name are none of
/// DMARC's business and are discarded (section 4.10, step 2).
bool is_dmarc_record(std::string_view text);

/// `text` is a TXT record with its character-strings joined. An error, a phrase without a full
/// stop, for a text that is no DMARC record and for one in which a tag stands twice (RFC 6376
/// section 3.2, which section 4.7 refers to). Names of tags and words of values are read in any
/// case, as the grammar of section 4.8 has them, but for `DMARC1`.
Result<DmarcRecord> parse_dmarc_record(std::string_view text);

/// In canonical form, without what is the default and without what was ignored.
std::string to_text(const DmarcRecord& record);

/// The mailbox of a `mailto:` URI (RFC 6068 section 2), percent-encoding removed; nothing if it
/// is no such URI.
std::optional<std::string> mailbox_of_report_uri(std::string_view uri);

}  // namespace postern::auth

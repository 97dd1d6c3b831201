// Keys that were decoded once, by name, for as long as the DNS allows; and the way from a name to
// its keys: the answers of this message first, then what earlier messages left here.
//
// Whoever verifies owns a cache, one per thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/dkim_key.h"
#include "auth/recently_used.h"
#include "base/time.h"
#include "dns/answer.h"

namespace postern::auth {

// A name should have one key record. RFC 6376 section 6.1.2 lets us choose among several; we try
// this many.
inline constexpr std::size_t max_key_records = 3;
/// Octets of one TXT record. A key of 8192 bits needs 1400.
inline constexpr std::size_t max_key_record_size = 8192;
/// However long its TTL: a revoked key must stop working some day.
inline constexpr std::chrono::seconds max_key_ttl = std::chrono::hours(24);

/// What the TXT records of one name say, in their order.
struct DkimKeySet {
  std::vector<std::expected<DkimKey, DkimFault>> keys;
  /// The records as text, to see whether a newer answer says the same.
  std::vector<std::string> texts;
  bool is_secure = false;  ///< came with DNSSEC
  Time expires;            ///< until then no question is needed
};

/// By the name of key_name(). What is found may have expired.
class DkimKeyCache : public RecentlyUsed<DkimKeySet> {
 public:
  explicit DkimKeyCache(std::size_t max_names = 1000) : RecentlyUsed(max_names) {}
};

/// Exactly one of the three is set.
struct DkimKeyLookup {
  std::shared_ptr<DkimKeySet> keys;       ///< at least one
  std::optional<dns::Question> question;  ///< to be asked first
  std::optional<DkimFault> fault;         ///< key_missing or key_unavailable
};

/// RFC 6376 section 6.1.2, steps 1 to 3. `name` is that of key_name().
DkimKeyLookup look_up_keys(const std::string& name, const dns::AnswerSet& answers,
                           DkimKeyCache& cache, Time now);

}  // namespace postern::auth

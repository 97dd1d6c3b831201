// Keys that were decoded once, by name, for as long as the DNS allows; and the way from a name to
// its keys: the answers of this message first, then what earlier messages left here.
//
// Whoever verifies owns a cache, one per thread. It never holds more than it was told to: when
// its younger half is full, the older half is dropped whole and the younger takes its place, and
// what is used moves to the younger. So a name in use stays, without a list to keep in order.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/dkim_key.h"
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

class DkimKeyCache {
 public:
  /// At least 2.
  explicit DkimKeyCache(std::size_t max_names = 1000);

  /// Null: unknown. What is found may have expired.
  std::shared_ptr<DkimKeySet> find(std::string_view name);
  void store(std::string_view name, std::shared_ptr<DkimKeySet> keys);
  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Generation =
      std::unordered_map<std::string, std::shared_ptr<DkimKeySet>, Hash, std::equal_to<>>;

  const std::size_t max_generation_;
  Generation young_;
  Generation old_;
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

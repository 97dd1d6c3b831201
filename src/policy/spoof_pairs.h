// Which spoof pairs are remembered: authors that were forged, each with the infrastructure that did
// it, as far as there is room.
//
// Strangers can invent pairs without end. A new pair is on probation, among few, and the one that
// was not seen for longest makes room for the next. One that comes again on another day is
// established; there, when it is full, the pair that came on the fewest days makes room, and only
// for one that came on as many. So a flood of invented pairs pushes out invented pairs, and what
// has been going on for long stays in sight. What was pushed out is still counted, without its
// name.
//
// Not safe for two threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "directory/objects.h"
#include "directory/spoof_items.h"
#include "policy/sightings.h"

namespace postern::policy {

struct SpoofPairName {
  directory::OrganizationId organization{};
  directory::SpoofType type = directory::SpoofType::external;
  std::string spoofed_user;
  std::string sending_infrastructure;

  auto operator<=>(const SpoofPairName&) const = default;
};

struct SpoofPairLimits {
  std::size_t probation = 500;     ///< of one organization
  std::size_t established = 2000;  ///< of one organization
  std::size_t total = 100'000;     ///< of all organizations
};

class SpoofPairBook {
 public:
  explicit SpoofPairBook(SpoofPairLimits limits = {}) : limits_(limits) {}

  struct Added {
    /// False: there is no room for it.
    bool remembered = false;
    bool is_new = false;
    /// Its place was needed.
    std::vector<SpoofPairName> pushed_out;
  };
  Added add(const SpoofPairName& pair, DayNumber today);
  /// As saved, in any order; what is beyond the limits is pushed out.
  Added restore(const SpoofPairName& pair, std::uint32_t days, DayNumber last_day);
  /// Drops pairs that were last seen before that day.
  void forget_before(DayNumber day);

  std::size_t size() const { return size_; }

 private:
  /// Type, user and infrastructure as one text.
  using Key = std::string;
  struct Known {
    std::uint32_t days = 1;
    DayNumber last_day = 0;
    bool established = false;
    std::list<Key>::iterator place;  ///< while on probation
  };
  using ByWorth = std::set<std::tuple<std::uint32_t, DayNumber, Key>>;
  struct Book {
    std::unordered_map<Key, Known> pairs;
    std::list<Key> probation;  ///< the one not seen for longest first
    ByWorth established;       ///< the one of fewest days first
  };

  static Key to_key(const SpoofPairName& pair);
  static SpoofPairName to_name(directory::OrganizationId organization, const Key& key);
  void drop(directory::OrganizationId organization, Book& book, const Key& key, Added& added);
  void promote(directory::OrganizationId organization, Book& book, const Key& key, Known& known,
               Added& added);

  const SpoofPairLimits limits_;
  std::unordered_map<std::uint32_t, Book> books_;
  std::size_t size_ = 0;
};

}  // namespace postern::policy

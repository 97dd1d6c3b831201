// Tenant Allow/Block List, spoofed senders: which authors an administrator lets be forged, and
// which never, each from one sending infrastructure.
//
//   Allow  gmail.com       from tms.mx.com        a service that writes in customers' names
//   Block  hr@contoso.com  from 203.0.113.0/24
//
// A list is never changed, only replaced, and has an index: whether a pair is in it costs one
// lookup, whatever its length. Which of several entries counts for a message is decided in
// policy/listed_pair.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "directory/guid.h"

namespace postern::directory {

class Organization;
class Snapshot;

enum class SpoofType : std::uint8_t {
  internal,  ///< the author's domain is an accepted one of the organization
  external
};
/// `Internal`, `External`.
std::string_view to_string(SpoofType type);
std::optional<SpoofType> parse_spoof_type(std::string_view word);

enum class SpoofItemAction : std::uint8_t { allow, block };
/// `Allow`, `Block`.
std::string_view to_string(SpoofItemAction action);
std::optional<SpoofItemAction> parse_spoof_item_action(std::string_view word);

/// Stands for every author, or for every infrastructure.
inline constexpr std::string_view any_spoofer = "*";

struct SpoofItem {
  Guid guid;
  SpoofItemAction action = SpoofItemAction::block;
  SpoofType type = SpoofType::external;
  /// Address as directory::check_address has it, domain as A-label, or `*`.
  std::string spoofed_user;
  /// Domain as A-label, /24 or /48 as IpPrefix writes it, or `*`.
  std::string sending_infrastructure;
  /// From then on it counts for nothing. Nothing: it never expires.
  std::optional<Time> expires;
  Time when_created;
  Time when_changed;

  bool is_expired(Time now) const { return expires && *expires <= now; }
};

inline constexpr std::size_t max_spoof_items = 1'024;

class SpoofItems {
 public:
  /// A name and its hash, which is needed for several lookups.
  struct Name {
    explicit Name(std::string_view name);

    std::string_view text;
    std::uint64_t hash = 0;
  };

  SpoofItems() = default;
  explicit SpoofItems(std::vector<SpoofItem> items);

  std::span<const SpoofItem> items() const { return items_; }
  bool empty() const { return items_.empty(); }

  /// The entry of just this pair. Of `*` there is one for each type; else `type` does not matter,
  /// so that an entry goes on to count when its domain becomes an accepted one. Null: none.
  const SpoofItem* find(SpoofType type, const Name& spoofed_user,
                        const Name& sending_infrastructure) const;
  const SpoofItem* find(const Guid& guid) const;

 private:
  std::vector<SpoofItem> items_;
  /// Open addressing: 1 + the place in items_; 0: free. A power of two, never full.
  std::vector<std::uint16_t> index_;
};

using SharedSpoofItems = std::shared_ptr<const SpoofItems>;
/// What an organization has that never listed anything.
const SharedSpoofItems& no_spoof_items();

/// A new entry in its normal form. An error begins with the parameter at fault.
Result<SpoofItem> check_spoof_item(SpoofItem item, const Snapshot& directory,
                                   const Organization& organization);

}  // namespace postern::directory

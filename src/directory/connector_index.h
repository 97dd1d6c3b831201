// Finds the connectors that could match a client, without looking at the others.
//
// Three ways lead to a connector: the name in its certificate, its addresses, its sender
// domains. What is found are candidates: who asks checks the rest (enabled, scope) and says
// which is best.
//
// An organization has few connectors, ten or perhaps ten thousand, but there may be a hundred
// thousand organizations, and the one whose mail comes next is in nobody's cache. So its index
// is a few sorted arrays, which cost little memory and few cache lines, and a change copies them.
// What is asked of all organizations at once is in OnPremisesIndex.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "directory/ip_bits.h"
#include "directory/objects.h"
#include "directory/persistent_map.h"

namespace postern::directory {

/// Connectors by a name. Keys are hashes: a wrong candidate is as harmless as one that is disabled,
/// since whoever asks compares names anyway, and the index needs no copies of them.
class NameIndex {
 public:
  struct Entry {
    std::uint64_t key;
    const InboundConnector* connector;

    auto operator<=>(const Entry&) const = default;
  };

  static std::uint64_t key_of(std::string_view name) { return KeyHash{}(name); }

  std::span<const Entry> find(std::string_view name) const {
    return std::ranges::equal_range(entries_, key_of(name), {}, &Entry::key);
  }
  void insert(std::vector<Entry> added);
  void remove(const InboundConnector& connector);

 private:
  std::vector<Entry> entries_;  // sorted, without repetitions
};

/// Connectors by prefixes of one family. Sorted by network, the shorter prefix first, so that
/// what has an address in it is found from the last prefix that does not begin after the address:
/// it, or the prefix around it, or the one around that, and so on.
template <class Bits>
class AddressIndex {
 public:
  struct Entry {
    const InboundConnector* connector;
    Bits network;
    std::uint32_t around;  ///< the entry of the next shorter prefix with this one in it, or none
    std::uint8_t length;

    bool has(Bits bits) const { return ((bits ^ network) & prefix_mask<Bits>(length)) == 0; }
    bool is_before(const Entry& other) const {
      if (network != other.network) return network < other.network;
      if (length != other.length) return length < other.length;
      return connector < other.connector;
    }
  };

  /// `use(connector, length)` for every prefix with `address` in it.
  template <class Use>
  void for_each(Bits address, Use&& use) const {
    auto after = std::ranges::upper_bound(entries_, address, {}, &Entry::network);
    if (after == entries_.begin()) return;
    auto at = static_cast<std::uint32_t>(after - entries_.begin()) - 1;
    for (; at != none; at = entries_[at].around) {
      const Entry& entry = entries_[at];
      if (entry.has(address)) use(*entry.connector, unsigned{entry.length});
    }
  }
  std::size_t count(Bits network, unsigned length) const;
  std::size_t size() const { return entries_.size(); }

  /// `around` of the added need not be set.
  void insert(std::vector<Entry> added);
  void remove(const InboundConnector& connector);

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  void link();

  std::vector<Entry> entries_;
};

extern template class AddressIndex<V4Bits>;
extern template class AddressIndex<V6Bits>;

/// The connectors of one organization.
class ConnectorIndex {
 public:
  /// Connectors must outlive their place in the index, and stay as they are.
  void insert(std::span<const InboundConnector* const> connectors);
  void remove(const InboundConnector& connector);

  /// Whose TlsSenderCertificateName may be `name`: `mail.contoso.com` or `*.contoso.com`.
  std::span<const NameIndex::Entry> by_certificate_name(std::string_view name) const {
    return certificate_names_.find(name);
  }
  /// Partner connectors that may have `domain` among their SenderDomains, as written there
  /// (`contoso.com`, `*.contoso.com`, `*`), and that either restrict that domain's mail or have
  /// neither addresses nor a certificate name.
  std::span<const NameIndex::Entry> by_sender_domain(std::string_view domain) const {
    return sender_domains_.find(domain);
  }
  /// `use(connector, length)` for every prefix with `address` in it.
  template <class Use>
  void for_each_by_address(const IpAddress& address, Use&& use) const {
    if (address.is_v4()) {
      v4_.for_each(to_v4_bits(address), use);
    } else {
      v6_.for_each(to_v6_bits(address), use);
    }
  }

  /// How many connectors list exactly this prefix.
  std::size_t count(const IpPrefix& prefix) const;
  /// How many prefixes all connectors list together.
  std::size_t prefix_count() const { return v4_.size() + v6_.size(); }

 private:
  NameIndex certificate_names_;
  NameIndex sender_domains_;
  AddressIndex<V4Bits> v4_;
  AddressIndex<V6Bits> v6_;
};

}  // namespace postern::directory

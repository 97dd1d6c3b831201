// Finds the connectors that could match a client, without looking at the others.
//
// Three ways lead to a connector: the name in its certificate, its addresses, its sender
// domains. What is found are candidates: who asks checks the rest (enabled, scope) and says
// which is best.
//
// An organization has few connectors, ten or perhaps ten thousand, but there may be a hundred
// thousand organizations, and the one whose mail comes next is in nobody's cache. So its index
// is a few sorted arrays, one behind the other, inside the organization if they are small: it costs
// little memory, its cache lines can be fetched all at once, and a change copies it. What is
// asked of all organizations at once is in OnPremisesIndex.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ip_address.h"
#include "directory/ip_bits.h"
#include "directory/name_key.h"
#include "directory/objects.h"

namespace postern::directory {

/// A connector by a name.
struct NameEntry {
  NameKey key;
  const InboundConnector* connector;

  auto operator<=>(const NameEntry&) const = default;
};

/// A connector by a prefix. Sorted by network, the shorter prefix first, so that what has an
/// address in it is found from the last prefix that does not begin after the address: it, or the
/// prefix around it, or the one around that, and so on.
template <class Bits>
struct AddressEntry {
  static constexpr std::uint32_t none = (1u << 24) - 1;
  static_assert(max_sender_ip_addresses < none);

  Bits network;
  std::uint32_t around : 24;  ///< the entry of the next shorter prefix with this one in it, or none
  std::uint32_t length : 8;
  const InboundConnector* connector;

  bool has(Bits bits) const { return ((bits ^ network) & prefix_mask<Bits>(length)) == 0; }
  bool operator<(const AddressEntry& other) const {
    if (network != other.network) return network < other.network;
    if (length != other.length) return length < other.length;
    return connector < other.connector;
  }
};

/// The connectors of one organization.
class ConnectorIndex {
 public:
  /// Connectors must outlive their place in the index, and stay as they are.
  void insert(std::span<const InboundConnector* const> connectors);
  void remove(const InboundConnector& connector);

  /// Whose TlsSenderCertificateName may be this, by NameKey::certificate: `mail.contoso.com` or
  /// `*.contoso.com`.
  std::span<const NameEntry> by_certificate_name(NameKey name) const {
    return find(certificate_names(), name);
  }
  /// Whose TlsSenderCertificateName may be in the organizational domain of this one.
  std::span<const NameEntry> by_certificate_domain(NameKey name) const {
    return std::ranges::equal_range(certificate_names(), name.domain_part(), {},
                                    [](const NameEntry& entry) { return entry.key.domain_part(); });
  }
  /// Partner connectors that may have this among their SenderDomains, as written there
  /// (`contoso.com`, `*.contoso.com`, `*`), and that either restrict that domain's mail or have
  /// neither addresses nor a certificate name.
  std::span<const NameEntry> by_sender_domain(NameKey domain) const {
    return find(sender_domains(), domain);
  }
  /// `use(connector, length)` for every prefix with `address` in it.
  template <class Use>
  void for_each_by_address(const IpAddress& address, Use&& use) const {
    if (address.is_v4()) {
      for_each_around(v4(), to_v4_bits(address), use);
    } else {
      for_each_around(v6(), to_v6_bits(address), use);
    }
  }

  /// A prefix and who lists it.
  struct Neighbour {
    IpPrefix prefix;
    const InboundConnector* connector;
  };
  /// The prefixes inside `around` whose network is nearest to `address`, where no prefix has the
  /// address in it: all that begin at one address, in no order.
  std::vector<Neighbour> nearest(const IpAddress& address, const IpPrefix& around) const;

  /// Begins to fetch what a lookup needs, for a caller that has something else to do before.
  void prefetch() const {
    constexpr std::size_t cache_line = 64;
    const auto* const start = reinterpret_cast<const std::byte*>(this);
    for (std::size_t at = 0; at < sizeof *this; at += cache_line) __builtin_prefetch(start + at);
  }

  /// How many connectors list exactly this prefix.
  std::size_t count(const IpPrefix& prefix) const;
  /// How many prefixes all connectors list together.
  std::size_t prefix_count() const { return v4().size() + v6().size(); }

 private:
  struct Lists;

  // The sizes of the arrays, then the arrays; what is asked of every mail comes first.
  struct Sizes {
    std::uint32_t sender_domains = 0;
    std::uint32_t v4 = 0;
    std::uint32_t v6 = 0;
    std::uint32_t certificate_names = 0;
  };
  struct alignas(16) Cell {
    std::array<std::byte, 16> bytes;
  };
  template <class Entry>
  static constexpr std::size_t cells = sizeof(Entry) / sizeof(Cell);
  static_assert(cells<Sizes> == 1 && cells<NameEntry> == 1 && cells<AddressEntry<V4Bits>> == 1 &&
                cells<AddressEntry<V6Bits>> == 2);

  const Cell* block() const { return outside_ == nullptr ? inside_.data() : outside_.get(); }
  const Sizes& sizes() const { return *reinterpret_cast<const Sizes*>(block()); }
  template <class Entry>
  std::span<const Entry> array(std::size_t cell, std::size_t size) const {
    return {reinterpret_cast<const Entry*>(block() + cell), size};
  }
  std::span<const NameEntry> sender_domains() const {
    return array<NameEntry>(1, sizes().sender_domains);
  }
  std::span<const AddressEntry<V4Bits>> v4() const {
    const Sizes& size = sizes();
    return array<AddressEntry<V4Bits>>(1 + size.sender_domains, size.v4);
  }
  std::span<const NameEntry> certificate_names() const {
    const Sizes& size = sizes();
    return array<NameEntry>(1 + size.sender_domains + size.v4, size.certificate_names);
  }
  std::span<const AddressEntry<V6Bits>> v6() const {
    const Sizes& size = sizes();
    return array<AddressEntry<V6Bits>>(1 + size.sender_domains + size.v4 + size.certificate_names,
                                       size.v6);
  }

  static std::span<const NameEntry> find(std::span<const NameEntry> entries, NameKey name) {
    return std::ranges::equal_range(entries, name, {}, &NameEntry::key);
  }
  template <class Bits, class Use>
  static void for_each_around(std::span<const AddressEntry<Bits>> entries, Bits address, Use& use) {
    const auto after = std::ranges::upper_bound(entries, address, {}, &AddressEntry<Bits>::network);
    if (after == entries.begin()) return;
    auto at = static_cast<std::uint32_t>(after - entries.begin()) - 1;
    for (; at != AddressEntry<Bits>::none; at = entries[at].around) {
      const AddressEntry<Bits>& entry = entries[at];
      if (entry.has(address)) use(*entry.connector, unsigned{entry.length});
    }
  }

  void assign(Lists lists);

  std::shared_ptr<const Cell[]> outside_;  // a block for more than fits inside; shared by copies
  std::array<Cell, 15> inside_{};          // enough for ten connectors, nearly always
};

}  // namespace postern::directory

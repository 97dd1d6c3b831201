#include "directory/connector_index.h"

namespace postern::directory {
namespace {

/// What a ConnectorIndex keeps by sender domain: the others are found by certificate or
/// address, or not at all.
bool is_found_by_sender_domain(const InboundConnector& connector) {
  if (connector.type != ConnectorType::partner) return false;
  return connector.restricts() ||
         (connector.sender_ip_addresses.empty() && connector.tls_sender_certificate_name.empty());
}

/// Both in order, `there` already so.
template <class Entry>
std::vector<Entry> merge(std::span<const Entry> there, std::vector<Entry> added) {
  std::ranges::sort(added, std::less<>());
  if (there.empty()) return added;
  std::vector<Entry> merged;
  merged.reserve(there.size() + added.size());
  std::merge(there.begin(), there.end(), added.begin(), added.end(), std::back_inserter(merged));
  return merged;
}

/// All but those of `connector`.
template <class Entry>
std::vector<Entry> others(std::span<const Entry> there, const InboundConnector& connector) {
  std::vector<Entry> kept;
  kept.reserve(there.size());
  std::ranges::copy_if(there, std::back_inserter(kept),
                       [&](const Entry& entry) { return entry.connector != &connector; });
  return kept;
}

/// Sets what is around each entry: the one before it, or what is around that. Equal prefixes of
/// several connectors count as around each other.
template <class Bits>
void link(std::vector<AddressEntry<Bits>>& entries) {
  constexpr std::uint32_t none = AddressEntry<Bits>::none;
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    std::uint32_t around = i == 0 ? none : i - 1;
    while (around != none && !entries[around].has(entries[i].network)) {
      around = entries[around].around;
    }
    entries[i].around = around;
  }
}

template <class Bits>
std::size_t count_equal(std::span<const AddressEntry<Bits>> entries, Bits network,
                        unsigned length) {
  const auto same_network =
      std::ranges::equal_range(entries, network, {}, &AddressEntry<Bits>::network);
  return static_cast<std::size_t>(std::ranges::count_if(
      same_network, [&](const AddressEntry<Bits>& entry) { return entry.length == length; }));
}

/// What ConnectorIndex::nearest finds in one family.
template <class Bits>
std::vector<ConnectorIndex::Neighbour> nearest_of(std::span<const AddressEntry<Bits>> entries,
                                                  Bits address, const IpPrefix& around) {
  using Entry = AddressEntry<Bits>;
  const auto is_near = [&](const Entry& entry) {
    return entry.length >= around.length() && around.contains(to_address(entry.network));
  };
  const auto after = std::ranges::upper_bound(entries, address, {}, &Entry::network);
  const Entry* below = after == entries.begin() ? nullptr : &*(after - 1);
  const Entry* above = after == entries.end() ? nullptr : &*after;
  if (below != nullptr && !is_near(*below)) below = nullptr;
  if (above != nullptr && !is_near(*above)) above = nullptr;
  if (below == nullptr && above == nullptr) return {};

  const bool is_below = above == nullptr ||
                        (below != nullptr && address - below->network <= above->network - address);
  const Bits network = is_below ? below->network : above->network;
  std::vector<ConnectorIndex::Neighbour> found;
  for (const Entry& entry : std::ranges::equal_range(entries, network, {}, &Entry::network)) {
    if (is_near(entry)) {
      found.push_back({IpPrefix(to_address(entry.network), entry.length), entry.connector});
    }
  }
  return found;
}

}  // namespace

/// The arrays while they are changed.
struct ConnectorIndex::Lists {
  std::vector<NameEntry> sender_domains;
  std::vector<AddressEntry<V4Bits>> v4;
  std::vector<AddressEntry<V6Bits>> v6;
  std::vector<NameEntry> certificate_names;

  void add(const InboundConnector& one) {
    if (const std::string_view name = one.tls_sender_certificate_name; !name.empty()) {
      certificate_names.push_back({NameKey::certificate(name), &one});
    }
    if (is_found_by_sender_domain(one)) {
      for (const std::string_view domain : one.sender_domains) {
        sender_domains.push_back({NameKey(domain), &one});
      }
    }
    for (const IpPrefix& prefix : one.sender_ip_addresses) {
      const IpAddress& network = prefix.network();
      if (network.is_v4()) {
        v4.push_back({to_v4_bits(network), 0, prefix.length(), &one});
      } else {
        v6.push_back({to_v6_bits(network), 0, prefix.length(), &one});
      }
    }
  }
  Sizes sizes() const {
    return {static_cast<std::uint32_t>(sender_domains.size()),
            static_cast<std::uint32_t>(v4.size()), static_cast<std::uint32_t>(v6.size()),
            static_cast<std::uint32_t>(certificate_names.size())};
  }
};

void ConnectorIndex::insert(std::span<const InboundConnector* const> connectors) {
  Lists added;
  for (const InboundConnector* one : connectors) added.add(*one);
  assign({merge(sender_domains(), std::move(added.sender_domains)),
          merge(v4(), std::move(added.v4)), merge(v6(), std::move(added.v6)),
          merge(certificate_names(), std::move(added.certificate_names))});
}

void ConnectorIndex::remove(const InboundConnector& connector) {
  assign({others(sender_domains(), connector), others(v4(), connector), others(v6(), connector),
          others(certificate_names(), connector)});
}

std::vector<ConnectorIndex::Neighbour> ConnectorIndex::nearest(const IpAddress& address,
                                                               const IpPrefix& around) const {
  return address.is_v4() ? nearest_of(v4(), to_v4_bits(address), around)
                         : nearest_of(v6(), to_v6_bits(address), around);
}

std::size_t ConnectorIndex::count(const IpPrefix& prefix) const {
  const IpAddress& network = prefix.network();
  return network.is_v4() ? count_equal(v4(), to_v4_bits(network), prefix.length())
                         : count_equal(v6(), to_v6_bits(network), prefix.length());
}

void ConnectorIndex::assign(Lists lists) {
  link(lists.v4);
  link(lists.v6);
  const Sizes sizes = lists.sizes();
  const std::size_t count = cells<Sizes> + sizes.sender_domains + sizes.v4 +
                            sizes.certificate_names + cells<AddressEntry<V6Bits>> * sizes.v6;
  std::shared_ptr<Cell[]> outside;
  if (count > inside_.size()) outside = std::make_shared_for_overwrite<Cell[]>(count);
  Cell* to = outside == nullptr ? inside_.data() : outside.get();
  new (to) Sizes(sizes);
  to += cells<Sizes>;
  const auto put = [&]<class Entry>(const std::vector<Entry>& entries) {
    std::ranges::uninitialized_copy(entries,
                                    std::span(reinterpret_cast<Entry*>(to), entries.size()));
    to += cells<Entry> * entries.size();
  };
  // In the order in which the accessors look for them.
  put(lists.sender_domains);
  put(lists.v4);
  put(lists.certificate_names);
  put(lists.v6);
  outside_ = std::move(outside);
}

}  // namespace postern::directory

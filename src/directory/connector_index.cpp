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

/// Sorted arrays have no spare room, since there may be very many of them.
template <class Entry, class IsBefore>
void merge(std::vector<Entry>& entries, std::vector<Entry> added, IsBefore is_before) {
  if (added.empty()) return;
  std::vector<Entry> merged;
  merged.reserve(entries.size() + added.size());
  merged.insert(merged.end(), entries.begin(), entries.end());
  merged.insert(merged.end(), added.begin(), added.end());
  std::ranges::sort(merged, is_before);
  entries = std::move(merged);
}

template <class Entry>
void remove_from(std::vector<Entry>& entries, const InboundConnector& connector) {
  std::erase_if(entries, [&](const Entry& entry) { return entry.connector == &connector; });
}

}  // namespace

void NameIndex::insert(std::vector<Entry> added) {
  merge(entries_, std::move(added), std::less<>());
}

void NameIndex::remove(const InboundConnector& connector) {
  remove_from(entries_, connector);
}

template <class Bits>
void AddressIndex<Bits>::insert(std::vector<Entry> added) {
  merge(entries_, std::move(added), [](const Entry& a, const Entry& b) { return a.is_before(b); });
  link();
}

template <class Bits>
void AddressIndex<Bits>::remove(const InboundConnector& connector) {
  remove_from(entries_, connector);
  link();
}

template <class Bits>
void AddressIndex<Bits>::link() {
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    // What is around an entry is the one before it, or around that. Equal prefixes of several
    // connectors count as around each other.
    std::uint32_t around = i == 0 ? none : i - 1;
    while (around != none && !entries_[around].has(entries_[i].network)) {
      around = entries_[around].around;
    }
    entries_[i].around = around;
  }
}

template <class Bits>
std::size_t AddressIndex<Bits>::count(Bits network, unsigned length) const {
  std::size_t found = 0;
  for (const Entry& entry : std::ranges::equal_range(entries_, network, {}, &Entry::network)) {
    found += entry.length == length;
  }
  return found;
}

template class AddressIndex<V4Bits>;
template class AddressIndex<V6Bits>;

void ConnectorIndex::insert(std::span<const InboundConnector* const> connectors) {
  std::vector<NameIndex::Entry> certificate_names;
  std::vector<NameIndex::Entry> sender_domains;
  std::vector<AddressIndex<V4Bits>::Entry> v4;
  std::vector<AddressIndex<V6Bits>::Entry> v6;
  for (const InboundConnector* one : connectors) {
    if (const std::string_view name = one->tls_sender_certificate_name; !name.empty()) {
      certificate_names.push_back({NameIndex::key_of(name), one});
    }
    if (is_found_by_sender_domain(*one)) {
      for (const std::string_view domain : one->sender_domains) {
        sender_domains.push_back({NameIndex::key_of(domain), one});
      }
    }
    for (const IpPrefix& prefix : one->sender_ip_addresses) {
      const IpAddress& network = prefix.network();
      const auto length = static_cast<std::uint8_t>(prefix.length());
      if (network.is_v4()) {
        v4.push_back({one, to_v4_bits(network), 0, length});
      } else {
        v6.push_back({one, to_v6_bits(network), 0, length});
      }
    }
  }
  certificate_names_.insert(std::move(certificate_names));
  sender_domains_.insert(std::move(sender_domains));
  v4_.insert(std::move(v4));
  v6_.insert(std::move(v6));
}

void ConnectorIndex::remove(const InboundConnector& connector) {
  certificate_names_.remove(connector);
  sender_domains_.remove(connector);
  v4_.remove(connector);
  v6_.remove(connector);
}

std::size_t ConnectorIndex::count(const IpPrefix& prefix) const {
  const IpAddress& network = prefix.network();
  return network.is_v4() ? v4_.count(to_v4_bits(network), prefix.length())
                         : v6_.count(to_v6_bits(network), prefix.length());
}

}  // namespace postern::directory

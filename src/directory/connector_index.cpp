#include "directory/connector_index.h"

namespace postern::directory {
namespace {

std::uint64_t key_of(std::string_view name) {
  return KeyHash{}(name);
}

using Names = PersistentMap<std::uint64_t, ConnectorSet>;

void insert_name(Names& names, std::string_view name, const InboundConnector& connector) {
  const std::uint64_t key = key_of(name);
  if (ConnectorSet* set = names.edit(key)) {
    set->insert(connector);
    return;
  }
  ConnectorSet set;
  set.insert(connector);
  names.insert_or_assign(key, std::move(set));
}

void remove_name(Names& names, std::string_view name, const InboundConnector& connector) {
  const std::uint64_t key = key_of(name);
  ConnectorSet* const set = names.edit(key);
  if (set == nullptr) return;
  set->erase(connector);
  if (set->empty()) names.erase(key);
}

ConnectorIndex::Candidates find_name(const Names& names, std::string_view name) {
  const ConnectorSet* const set = names.find(key_of(name));
  return set == nullptr ? ConnectorIndex::Candidates{} : set->values();
}

}  // namespace

bool ConnectorIndex::is_found_by_sender_domain(const InboundConnector& connector) {
  if (connector.type != ConnectorType::partner) return false;
  return connector.restricts() ||
         (connector.sender_ip_addresses.empty() && connector.tls_sender_certificate_name.empty());
}

void ConnectorIndex::insert(const InboundConnector& connector) {
  if (!connector.tls_sender_certificate_name.empty()) {
    insert_name(certificate_names_, connector.tls_sender_certificate_name, connector);
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    addresses_.edit(prefix).insert(connector);
  }
  if (is_found_by_sender_domain(connector)) {
    for (const std::string_view domain : connector.sender_domains) {
      insert_name(sender_domains_, domain, connector);
    }
  }
}

void ConnectorIndex::remove(const InboundConnector& connector) {
  if (!connector.tls_sender_certificate_name.empty()) {
    remove_name(certificate_names_, connector.tls_sender_certificate_name, connector);
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    if (addresses_.find(prefix) == nullptr) continue;  // named twice in the connector
    ConnectorSet& set = addresses_.edit(prefix);
    set.erase(connector);
    if (set.empty()) addresses_.erase(prefix);
  }
  if (is_found_by_sender_domain(connector)) {
    for (const std::string_view domain : connector.sender_domains) {
      remove_name(sender_domains_, domain, connector);
    }
  }
}

ConnectorIndex::Candidates ConnectorIndex::by_certificate_name(std::string_view name) const {
  return find_name(certificate_names_, name);
}

ConnectorIndex::Candidates ConnectorIndex::by_prefix(const IpPrefix& prefix) const {
  const ConnectorSet* const set = addresses_.find(prefix);
  return set == nullptr ? Candidates{} : set->values();
}

void ConnectorIndex::for_each_by_address(
    const IpAddress& address, const std::function<void(const IpPrefix&, Candidates)>& use) const {
  addresses_.for_each_covering(IpPrefix(address, address.width()),
                               [&](const IpPrefix& prefix, const ConnectorSet& set) {
                                 use(prefix, set.values());
                                 return true;
                               });
}

void ConnectorIndex::for_each_overlap(
    const IpPrefix& prefix, const std::function<bool(const IpPrefix&, Candidates)>& use) const {
  const auto use_set = [&](const IpPrefix& found, const ConnectorSet& set) {
    return use(found, set.values());
  };
  if (!addresses_.for_each_covering(prefix, use_set)) return;
  addresses_.for_each_within(prefix, [&](const IpPrefix& found, const ConnectorSet& set) {
    return found == prefix || use_set(found, set);  // the prefix itself has been used above
  });
}

ConnectorIndex::Candidates ConnectorIndex::by_sender_domain(std::string_view domain) const {
  return find_name(sender_domains_, domain);
}

}  // namespace postern::directory

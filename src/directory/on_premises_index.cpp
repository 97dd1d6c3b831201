#include "directory/on_premises_index.h"

namespace postern::directory {

void OnPremisesIndex::insert(const InboundConnector& connector) {
  if (const std::string_view name = connector.tls_sender_certificate_name; !name.empty()) {
    const NameKey key = NameKey::certificate(name);
    const ConnectorSet* const there = certificate_names_.find(key);
    ConnectorSet set = there == nullptr ? ConnectorSet() : *there;
    set.insert(connector);
    certificate_names_.insert_or_assign(key, std::move(set));
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    addresses_.edit(prefix).insert(connector);
  }
}

void OnPremisesIndex::remove(const InboundConnector& connector) {
  if (const std::string_view name = connector.tls_sender_certificate_name; !name.empty()) {
    const NameKey key = NameKey::certificate(name);
    ConnectorSet& set = *certificate_names_.edit(key);
    set.erase(connector);
    if (set.empty()) certificate_names_.erase(key);
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    ConnectorSet& set = addresses_.edit(prefix);
    set.erase(connector);
    if (set.empty()) addresses_.erase(prefix);
  }
}

OnPremisesIndex::Candidates OnPremisesIndex::by_certificate_name(NameKey name) const {
  const ConnectorSet* const set = certificate_names_.find(name);
  return set == nullptr ? Candidates{} : set->values();
}

OnPremisesIndex::Candidates OnPremisesIndex::by_prefix(const IpPrefix& prefix) const {
  const ConnectorSet* const set = addresses_.find(prefix);
  return set == nullptr ? Candidates{} : set->values();
}

void OnPremisesIndex::for_each_overlap(
    const IpPrefix& prefix, const std::function<bool(const IpPrefix&, Candidates)>& use) const {
  const auto use_set = [&](const IpPrefix& found, const ConnectorSet& set) {
    return use(found, set.values());
  };
  if (!addresses_.for_each_covering(prefix, use_set)) return;
  addresses_.for_each_within(prefix, [&](const IpPrefix& found, const ConnectorSet& set) {
    return found == prefix || use_set(found, set);  // the prefix itself has been used above
  });
}

}  // namespace postern::directory

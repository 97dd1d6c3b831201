// The OnPremises connectors of all organizations, by certificate name and by address: for the
// question whose server a client is, before an organization is known, and whether two
// organizations claim one address.
//
// There may be as many as there are organizations, so both parts are persistent: a change copies
// only the way to the key.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/ip_address.h"
#include "directory/connector_set.h"
#include "directory/name_key.h"
#include "directory/objects.h"
#include "directory/persistent_map.h"
#include "directory/prefix_tree.h"

namespace postern::directory {

class OnPremisesIndex {
 public:
  using Candidates = std::span<const InboundConnector* const>;

  /// The connector must outlive its place in the index, and stay as it is.
  void insert(const InboundConnector& connector);
  void remove(const InboundConnector& connector);

  /// Whose TlsSenderCertificateName may be this, as for ConnectorIndex.
  Candidates by_certificate_name(NameKey name) const;
  /// Who lists exactly this prefix.
  Candidates by_prefix(const IpPrefix& prefix) const;
  /// Who lists an address in `prefix`, or a prefix that has all of `prefix` in it. Stops when
  /// `use` returns false.
  void for_each_overlap(const IpPrefix& prefix,
                        const std::function<bool(const IpPrefix&, Candidates)>& use) const;

 private:
  PersistentMap<NameKey, ConnectorSet, NameKey::Hash> certificate_names_;
  PrefixTree<ConnectorSet> addresses_;
};

}  // namespace postern::directory

// Finds the connectors that could match a client, without looking at the others.
//
// Three ways lead to a connector: the name in its certificate, its addresses, its sender
// domains. Each is a map from a key to the few connectors that have it. What is found are
// candidates: who asks checks the rest (enabled, scope) and says which is best.
//
// The index of an organization holds its Partner and OnPremises connectors; the Snapshot's
// holds the OnPremises connectors of all organizations.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/ip_address.h"
#include "directory/connector_set.h"
#include "directory/objects.h"
#include "directory/persistent_map.h"
#include "directory/prefix_tree.h"

namespace postern::directory {

class ConnectorIndex {
 public:
  using Candidates = std::span<const InboundConnector* const>;

  /// The connector must outlive its place in the index, and stay as it is.
  void insert(const InboundConnector& connector);
  void remove(const InboundConnector& connector);

  /// Whose TlsSenderCertificateName is `name`: `mail.contoso.com` or `*.contoso.com`, lower case.
  Candidates by_certificate_name(std::string_view name) const;
  /// Who lists exactly this prefix.
  Candidates by_prefix(const IpPrefix& prefix) const;
  /// Who lists a prefix that has `address` in it, shortest prefix first.
  void for_each_by_address(const IpAddress& address,
                           const std::function<void(const IpPrefix&, Candidates)>& use) const;
  /// Who lists an address in `prefix`, or a prefix that has all of `prefix` in it. Stops when
  /// `use` returns false.
  void for_each_overlap(const IpPrefix& prefix,
                        const std::function<bool(const IpPrefix&, Candidates)>& use) const;
  /// Partner connectors with `domain` among their SenderDomains, exactly as written there
  /// (`contoso.com`, `*.contoso.com`, `*`), that either restrict that domain's mail or have neither
  /// address nor certificate name.
  Candidates by_sender_domain(std::string_view domain) const;

 private:
  static bool is_found_by_sender_domain(const InboundConnector& connector);

  // Keys are hashes of names: a wrong candidate is as harmless as one that is disabled, since
  // whoever asks compares names anyway, and the index needs no copies of them.
  PersistentMap<std::uint64_t, ConnectorSet> certificate_names_;
  PersistentMap<std::uint64_t, ConnectorSet> sender_domains_;
  PrefixTree<ConnectorSet> addresses_;
};

}  // namespace postern::directory

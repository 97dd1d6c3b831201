#include "policy/connector_rivals.h"

#include <algorithm>
#include <set>

#include "directory/name_key.h"

namespace postern::policy {
namespace {

using directory::ConnectorType;
using directory::InboundConnector;
using directory::NameKey;

bool is_within(const directory::NameList& inner, const directory::NameList& outer) {
  return std::ranges::all_of(inner, [&](std::string_view name) { return outer.contains(name); });
}

std::vector<IpPrefix> sorted_prefixes(const InboundConnector& connector) {
  const auto prefixes = connector.sender_ip_addresses.values();
  std::vector<IpPrefix> sorted(prefixes.begin(), prefixes.end());
  std::ranges::sort(sorted);
  return sorted;
}

/// SenderDomains play no part for OnPremises connectors.
bool covers_senders_of(const InboundConnector& a, const InboundConnector& b) {
  return a.type == ConnectorType::on_premises || is_within(b.sender_domains, a.sender_domains);
}

bool covers_domains_of(const InboundConnector& a, const InboundConnector& b) {
  return a.associated_accepted_domains.empty() ||
         (!b.associated_accepted_domains.empty() &&
          is_within(b.associated_accepted_domains, a.associated_accepted_domains));
}

bool covers_clients_of(const InboundConnector& a, const InboundConnector& b) {
  const std::string_view certificate = b.tls_sender_certificate_name;
  const bool covers_certificate =
      certificate.empty() || a.tls_sender_certificate_name == certificate;
  return covers_certificate && std::ranges::includes(sorted_prefixes(a), sorted_prefixes(b));
}

bool is_older(const InboundConnector& a, const InboundConnector& b) {
  return std::pair(a.when_created, a.guid) < std::pair(b.when_created, b.guid);
}

}  // namespace

bool knows_clients(const InboundConnector& connector) {
  return !connector.sender_ip_addresses.empty() || !connector.tls_sender_certificate_name.empty();
}

std::vector<const InboundConnector*> rivals_of(const InboundConnector& connector,
                                               const directory::Organization& organization) {
  std::set<const InboundConnector*> found;
  const directory::ConnectorIndex& index = organization.connector_index();
  if (const std::string_view name = connector.tls_sender_certificate_name; !name.empty()) {
    for (const auto& [key, one] : index.by_certificate_name(NameKey::certificate(name)))
      found.insert(one);
  }
  for (const IpPrefix& prefix : connector.sender_ip_addresses) {
    index.for_each_by_address(prefix.network(), [&](const InboundConnector& one, unsigned length) {
      if (length == prefix.length()) found.insert(&one);
    });
  }
  if (!knows_clients(connector)) {
    for (const std::string_view domain : connector.sender_domains) {
      for (const auto& [key, one] : index.by_sender_domain(NameKey(domain))) found.insert(one);
    }
  }
  found.erase(&connector);
  std::vector<const InboundConnector*> rivals(found.begin(), found.end());
  std::ranges::sort(rivals, [](const auto* a, const auto* b) { return is_older(*a, *b); });
  return rivals;
}

bool shadows(const InboundConnector& a, const InboundConnector& b) {
  if (!a.enabled || a.type != b.type || !is_older(a, b)) return false;
  // Those that know clients are asked before those that do not, whatever they list.
  if (knows_clients(a) != knows_clients(b)) return false;
  return covers_senders_of(a, b) && covers_domains_of(a, b) && covers_clients_of(a, b);
}

std::string shared_key(const InboundConnector& a, const InboundConnector& b) {
  if (!a.enabled || !b.enabled || a.type != b.type) return {};
  if (knows_clients(a) != knows_clients(b)) return {};
  std::string_view sender_domain;
  for (const std::string_view name : a.sender_domains) {
    if (sender_domain.empty() && b.sender_domains.contains(name)) sender_domain = name;
  }
  if (!knows_clients(a)) return std::string(sender_domain);
  if (a.type == ConnectorType::partner && sender_domain.empty()) return {};

  const std::string_view certificate = a.tls_sender_certificate_name;
  if (!certificate.empty() && b.tls_sender_certificate_name == certificate)
    return std::string(certificate);
  const std::vector<IpPrefix> others = sorted_prefixes(b);
  for (const IpPrefix& prefix : a.sender_ip_addresses) {
    if (std::ranges::binary_search(others, prefix)) return prefix.to_string();
  }
  return {};
}

}  // namespace postern::policy

#include "policy/attribution_rules.h"

namespace postern::policy {

using directory::ConnectorType;
using directory::InboundConnector;
using directory::Organization;

std::string_view parent_of(std::string_view domain) {
  const std::size_t dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

std::string_view without_wildcard(std::string_view pattern) {
  return pattern.starts_with(wildcard) ? pattern.substr(wildcard.size()) : pattern;
}

bool concerns(const InboundConnector& connector, const directory::AcceptedDomain* domain) {
  return connector.associated_accepted_domains.empty() ||
         (domain != nullptr && connector.associated_accepted_domains.contains(domain->name));
}

bool is_owner(const directory::Snapshot::DomainOwner& owner, directory::OrganizationId id) {
  return owner && owner.organization->id() == id;
}

bool concerns_originating(const InboundConnector& connector, const AttributionFacts& facts) {
  const directory::AcceptedDomain* domain = nullptr;
  if (is_owner(facts.recipient, connector.organization)) domain = facts.recipient.domain;
  if (is_owner(facts.sender, connector.organization)) domain = facts.sender.domain;
  return concerns(connector, domain);
}

bool backs_certificate(const Organization& organization, std::string_view wanted) {
  const std::string_view name = without_wildcard(wanted);
  for (std::string_view above = name; !above.empty(); above = parent_of(above)) {
    if (organization.find_domain(above) != nullptr) return true;
  }
  return name.size() != wanted.size() && organization.has_domain_below(name);
}

Backing backing_of(const InboundConnector& connector, const AttributionFacts& facts,
                   const directory::Snapshot& directory) {
  const Organization* const organization = directory.peek_organization(connector.organization);
  if (backs_certificate(*organization, connector.tls_sender_certificate_name)) {
    return Backing::certificate;
  }
  if (is_owner(facts.sender, connector.organization)) return Backing::sender;
  if (is_owner(facts.recipient, connector.organization)) return Backing::recipient;
  return Backing::none;
}

unsigned rank_partner(const InboundConnector& connector, const AttributionFacts& facts) {
  if (connector.type != ConnectorType::partner || !connector.enabled) return 0;
  if (!concerns(connector, facts.recipient.domain)) return 0;
  return rank_sender_domain(connector.sender_domains, facts.sender_domain);
}

}  // namespace postern::policy

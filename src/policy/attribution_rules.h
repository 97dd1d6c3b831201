// The single conditions of attribution, for those who apply them (attribution.cpp) and those who
// explain them (nearest_miss.cpp, attribution_walk.cpp): both must mean the same.
#pragma once

#include <string_view>

#include "directory/name_key.h"
#include "directory/snapshot.h"
#include "policy/attribution.h"

namespace postern::policy {

inline constexpr std::string_view wildcard = "*.";

/// The domain above, or nothing above a single label.
std::string_view parent_of(std::string_view domain);
/// `contoso.com` for `*.contoso.com`.
std::string_view without_wildcard(std::string_view pattern);

/// `use("contoso.com")` for `*.contoso.com`, and so on for each domain above it.
template <class Use>
void for_each_wildcard(std::string_view domain, Use&& use) {
  for (; !domain.empty(); domain = parent_of(domain)) use(domain);
}

/// The keys under which a connector whose certificate name matches `name` may stand.
template <class Use>
void for_each_certificate_key(std::string_view name, Use&& use) {
  use(directory::NameKey::certificate(name));
  for_each_wildcard(parent_of(name), [&](std::string_view above) {
    use(directory::NameKey::certificate_wildcard(above));
  });
}

/// The keys under which a connector for mail of `domain` may stand; empty: the null reverse-path.
template <class Use>
void for_each_sender_domain_key(std::string_view domain, Use&& use) {
  use(directory::NameKey("*"));
  if (domain.empty()) return;
  use(directory::NameKey(domain));
  for_each_wildcard(domain,
                    [&](std::string_view above) { use(directory::NameKey::wildcard(above)); });
}

/// AssociatedAcceptedDomains: empty, or the domain is among them.
bool concerns(const directory::InboundConnector& connector,
              const directory::AcceptedDomain* domain);

bool is_owner(const directory::Snapshot::DomainOwner& owner, directory::OrganizationId id);

/// An OnPremises connector has to do with the accepted domain that the mail comes from, or else
/// goes to.
bool concerns_originating(const directory::InboundConnector& connector,
                          const AttributionFacts& facts);

/// Does the organization own what the connector's certificate is for? contoso.com backs
/// mail.contoso.com and *.contoso.com; jpn.contoso.com backs *.contoso.com.
bool backs_certificate(const directory::Organization& organization, std::string_view wanted);

// Why an organization's certificate connector may speak for it, best last: the certificate's
// domain is its own, else the reverse-path's, else the forward-path's.
enum class Backing : unsigned { none, recipient, sender, certificate };

Backing backing_of(const directory::InboundConnector& connector, const AttributionFacts& facts,
                   const directory::Snapshot& directory);

/// Is this Partner connector in force for mail of the sender's domain to the recipient's? Its
/// rank for the sender's domain, or zero.
unsigned rank_partner(const directory::InboundConnector& connector, const AttributionFacts& facts);

}  // namespace postern::policy

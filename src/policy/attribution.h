// Attribution: which connector does a client belong to?
//
// Two questions, asked in this order. Is the client one of an organization's own servers, so
// that the mail originates there (OnPremises connectors)? If not: does a partner of the
// recipient's organization vouch for it (Partner connectors)? docs/attribution.md tells the rules
// to administrators.
//
// Among several connectors that match, the better Rank wins, then the older connector. So the
// order in which connectors were created or are stored never matters.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "directory/snapshot.h"
#include "policy/facts.h"

namespace postern::policy {

enum class Direction { incoming, originating };
std::string_view to_string(Direction direction);

enum class MatchedBy { nothing, sender_domain, address, certificate };
std::string_view to_string(MatchedBy matched_by);
/// Only a certificate or an address says who the client is; a sender domain is what it says of
/// itself.
constexpr bool vouches(MatchedBy matched_by) {
  return matched_by == MatchedBy::certificate || matched_by == MatchedBy::address;
}

/// Valid as long as the Snapshot.
struct Attribution {
  /// Whose connector it is; null: not attributed.
  const directory::Organization* organization = nullptr;
  const directory::InboundConnector* connector = nullptr;
  MatchedBy matched_by = MatchedBy::nothing;
  /// Words for the trace: `AmbiguousConnector: A, B`, `CertificateDomainNotAccepted: A`.
  std::vector<std::string> notes;

  bool vouches() const { return policy::vouches(matched_by); }
};

/// How well a connector matches; zero: not in this way. Earlier members count first.
struct Rank {
  unsigned certificate = 0;
  unsigned address = 0;
  unsigned sender_domain = 0;

  auto operator<=>(const Rank&) const = default;
};

/// Of a certificate that lists more names, the first ones count.
inline constexpr std::size_t max_certificate_names = 100;

/// The facts in the form in which they are compared, with the owners of both domains. Valid as
/// long as the Snapshot and the facts.
struct AttributionFacts {
  AttributionFacts(const RcptFacts& facts, const directory::Snapshot& directory,
                   directory::Snapshot::DomainOwner recipient);

  IpAddress client;
  /// Lower-case A-labels, perhaps `*.contoso.com`.
  std::vector<std::string> certificate_names;
  /// Of the reverse-path; empty: null.
  std::string_view sender_domain;
  directory::Snapshot::DomainOwner sender;
  directory::Snapshot::DomainOwner recipient;
};

/// OnPremises connectors of all organizations.
Attribution attribute_originating(const AttributionFacts& facts,
                                  const directory::Snapshot& directory);

/// Partner connectors of the recipient's organization.
Attribution attribute_incoming(const AttributionFacts& facts);

/// The Partner connector of the recipient's organization that wants mail of the sender's domain
/// to come from its own clients only; null: none.
const directory::InboundConnector* find_restriction(const AttributionFacts& facts);

// The single comparisons, which a full search would use, too.

/// `*` and `*.contoso.com`, which has contoso.com in it, are less than the exact name.
unsigned rank_sender_domain(const directory::NameList& sender_domains, std::string_view domain);
/// `*.contoso.com` stands for all names below contoso.com, and for a certificate's own name
/// `*.contoso.com`.
unsigned rank_certificate(std::string_view wanted, const std::vector<std::string>& names);
unsigned rank_address(const directory::CompactList<IpPrefix>& prefixes, const IpAddress& client);

}  // namespace postern::policy

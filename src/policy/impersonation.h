// Authors that a reader may take for one of the organization's own: a domain that resembles an
// accepted one, or a display name with an address of one in it.
//
//   From: Ann <ann@c0ntoso.test>                  LookAlikeDomain: c0ntoso.test resembles …
//   From: "ceo@contoso.test" <x@phish.test>       DisplayNameCarriesOwnAddress: ceo@contoso.test
//
// Honest names look alike as well, and lists write `ann@contoso.test via …`. So this marks mail, in
// the trace and in a header field, and never refuses any. Pure; in the time of a few lookups,
// whatever number of domains the organization has (directory/look_alike_index.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "mail/address_list.h"
#include "mail/author_domains.h"
#include "policy/own_domains.h"

namespace postern::policy {

/// Authors whose display names are looked at.
inline constexpr std::size_t max_marked_names = 20;

struct Impersonation {
  struct LookAlike {
    std::string domain;  ///< an author domain, an A-label
    std::string own;     ///< the accepted domain that it resembles
    bool operator==(const LookAlike&) const = default;
  };
  std::vector<LookAlike> look_alikes;
  /// Own addresses in display names of foreign authors, printable ASCII; each once.
  std::vector<std::string> shown_addresses;

  bool operator==(const Impersonation&) const = default;
};

/// `organization` is the one of `own`.
Impersonation find_impersonation(const mail::AuthorField& authors,
                                 const mail::AuthorDomains& author_domains, const OwnDomains& own,
                                 const directory::Organization& organization);

/// For the trace, as above.
std::vector<std::string> to_reasons(const Impersonation& found);

}  // namespace postern::policy

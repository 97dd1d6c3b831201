// Checks objects before they enter the directory, and brings names to the one form in which
// they are compared. Errors are sentences that begin with the parameter at fault.
//
// Connectors have a file of their own: connector_validation.h.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "directory/objects.h"
#include "directory/snapshot.h"

namespace postern::directory {

/// Of names, in octets.
inline constexpr std::size_t max_name = 64;
inline constexpr std::size_t max_next_hop = 1'000;

/// The name of an organization or connector: printable UTF-8 that is not a GUID, since a GUID
/// finds objects, too. `parameter` is for the error.
Result<void> check_name(std::string_view parameter, std::string_view name);

/// Name as A-label. Knows nothing of other domains.
Result<AcceptedDomain> check_domain(AcceptedDomain domain);

/// Pilot recipients in their stored form, sorted, each once. Of the relay what cannot be read as a
/// next hop at all; what it means is delivery's to say.
Result<OrganizationConfig> check_config(OrganizationConfig config);

/// Sealers as A-labels, sorted, each once.
Result<ArcConfig> check_arc_config(const ArcConfig& config);

/// An address of one mailbox or a domain, in their stored forms.
Result<std::string> check_address_or_domain(std::string_view text);

/// `Ann@CONTOSO.com` as the directory keeps it: lower case, A-labels. `@contoso.com` and
/// `*@contoso.com` are the catch-all.
Result<std::string> check_address(std::string_view text);

/// Addresses belong to domains that `organization` accepts, and nobody else there has them;
/// `directory` has the organization in it.
Result<Recipient> check_recipient(Recipient recipient, const Snapshot& directory,
                                  const Organization& organization);

}  // namespace postern::directory

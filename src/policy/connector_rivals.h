// Connectors that match the same clients: which one always wins, and which two are ambiguous.
#pragma once

#include <string>
#include <vector>

#include "directory/snapshot.h"

namespace postern::policy {

/// Does it have addresses or a certificate name, by which it could vouch?
bool knows_clients(const directory::InboundConnector& connector);

/// The other connectors of the organization that stand beside this one in an index, oldest first:
/// all that could be equal to it.
std::vector<const directory::InboundConnector*> rivals_of(
    const directory::InboundConnector& connector, const directory::Organization& organization);

/// Does `a` match whatever `b` matches, at least as well, and win where it is just as well? Then
/// `b` is never taken.
bool shadows(const directory::InboundConnector& a, const directory::InboundConnector& b);

/// The address, certificate name or sender domain by which both may match one mail equally well;
/// empty: none.
std::string shared_key(const directory::InboundConnector& a, const directory::InboundConnector& b);

}  // namespace postern::policy

// Whose own server may a client be? For what has to be known at EHLO, before MAIL and RCPT say
// more.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "directory/snapshot.h"

namespace postern::policy {

/// Organizations that have an enabled OnPremises connector with the client's address or a name of
/// its certificate, each at least once; whether it is chosen depends on the envelope. Stops when
/// `use` returns false.
void for_each_possible_owner(const IpAddress& client,
                             const std::vector<std::string>& certificate_names,
                             const directory::Snapshot& directory,
                             const std::function<bool(const directory::Organization&)>& use);

}  // namespace postern::policy

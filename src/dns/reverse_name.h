// The name that has the PTR records of an address.
#pragma once

#include <string>

#include "base/ip_address.h"

namespace postern::dns {

/// `1.2.0.192.in-addr.arpa` (RFC 1035 section 3.5), `1.0.…8.b.d.0.1.0.0.2.ip6.arpa` with a label
/// for each half octet (RFC 3596 section 2.5).
std::string reverse_name(const IpAddress& address);

}  // namespace postern::dns

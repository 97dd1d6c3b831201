// Whom we speak for, for next hops that want to know (`xclient=yes`, `proxy=v2`).
//
// XCLIENT (https://www.postfix.org/XCLIENT_README.html) may carry only attributes that the hop's
// EHLO offers; values are xtext (RFC 3461 section 4), what we do not know is [UNAVAILABLE].
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "net/proxy_protocol.h"

namespace postern::delivery {

struct Introduction {
  IpAddress address;
  std::uint16_t port = 0;
  IpAddress server;  ///< where the client connected to
  std::uint16_t server_port = 0;
  std::string hello;                 ///< as the client said it, so anything
  bool extended = false;             ///< EHLO, not HELO
  std::string name;                  ///< that agrees with the address (iprev); empty: none
  bool name_is_unknown_yet = false;  ///< the DNS did not answer

  auto operator<=>(const Introduction&) const = default;

  net::ProxyHeader to_proxy_header() const;
};

/// Commands without CRLF, each short enough for RFC 5321 section 4.5.3.1.4. `offered`: the words
/// behind XCLIENT in the reply to EHLO, upper case. None: the hop wants to know nothing we have.
std::vector<std::string> xclient_commands(const Introduction& introduction,
                                          const std::vector<std::string>& offered);

/// The client's own greeting for the EHLO that follows XCLIENT, if it can stand there; else
/// `own_name`.
std::string hello_name(const Introduction& introduction, const std::string& own_name);

}  // namespace postern::delivery

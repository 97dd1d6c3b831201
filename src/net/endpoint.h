// Where a socket listens or connects to: an address with a port, or a path.
//
//   0.0.0.0:25    [2001:db8::1]:25    unix:/run/postern/lmtp.sock
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"

namespace postern::net {

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  std::string path;  ///< a Unix socket if not empty; address and port then mean nothing

  bool is_unix() const { return !path.empty(); }
  /// In the form that parse_endpoint reads.
  std::string to_string() const;

  bool operator==(const Endpoint&) const = default;
};

/// An IPv6 address stands in brackets; the port is always named, 0 lets the system choose one.
/// The error says what was expected.
Result<Endpoint> parse_endpoint(std::string_view text);

/// An endpoint as the system's calls want it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  /// The path of a Unix endpoint must be one that parse_endpoint accepts.
  static SocketAddress from(const Endpoint& endpoint);
  /// IPv4-mapped addresses become IPv4. Unnamed Unix sockets become an empty Endpoint.
  Endpoint to_endpoint() const;

  int family() const { return storage.ss_family; }
  sockaddr* get() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
  const sockaddr* get() const {
    return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
  }
};

/// Bytes that the path of a Unix socket may have (unix(7): sun_path with its final NUL).
inline constexpr std::size_t max_socket_path = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace postern::net

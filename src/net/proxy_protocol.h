// The PROXY protocol, versions 1 and 2: how a load balancer tells whom it speaks for.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
//
// A header stands before the first byte of the connection. In version 1 it is a line,
//
//   PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n
//
// in version 2 binary: 12 fixed bytes, command, family, length, addresses, extensions (TLVs).
// Either is believed only from configured peers, which the caller has to check first.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/endpoint.h"
#include "net/stream.h"

namespace postern::net {

/// Version 1 with its CRLF.
inline constexpr std::size_t max_proxy_line = 107;
/// Addresses and extensions of version 2, after the 16 bytes that every header has.
inline constexpr std::size_t max_proxy_payload = 4096;

struct ProxyHeader {
  struct Addresses {
    Endpoint source;       ///< the client
    Endpoint destination;  ///< where it connected to

    bool operator==(const Addresses&) const = default;
  };
  /// Nothing for LOCAL (a health check by the proxy itself), UNKNOWN, and families other than
  /// TCP over IP: then the connection's own addresses count.
  std::optional<Addresses> addresses;

  bool operator==(const ProxyHeader&) const = default;
};

struct ProxyParse {
  enum class Status { done, need_more, malformed };

  Status status = Status::malformed;
  std::size_t consumed = 0;  ///< bytes of the header, if done
  ProxyHeader header;

  bool operator==(const ProxyParse&) const = default;
};

/// `input` is everything since the start of the connection. Says need_more only while some
/// continuation can make it a header, so its callers hold at most 16 + max_proxy_payload bytes.
ProxyParse parse_proxy_header(std::string_view input);

enum class ProxyVersion { v1, v2 };
/// The other way round: what we say ourselves to a server that wants to know whom we speak for.
/// Without addresses: LOCAL or UNKNOWN, the connection speaks for itself.
std::string make_proxy_header(const ProxyHeader& header, ProxyVersion version);

/// Reads a header within the stream's deadline. What follows it is left for the next read().
awaitable<Result<ProxyHeader>> read_proxy_header(Stream& stream);

}  // namespace postern::net

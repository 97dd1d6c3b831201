// Connections to a next hop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/endpoint.h"
#include "net/expected_server.h"
#include "net/stream.h"
#include "net/tls_context.h"

namespace postern::net {

class BlockingPool;

struct ConnectOptions {
  std::chrono::steady_clock::duration limit = std::chrono::seconds(30);
  std::shared_ptr<const TlsContext> tls;           ///< for start_tls(); null: plain only
  std::shared_ptr<const ExpectedServer> expected;  ///< for start_tls(); null: nobody in particular
  std::optional<IpAddress> source;  ///< one of this machine's, to connect from; nothing: any
};

/// To one address or path. The error is a sentence: `Cannot connect to 127.0.0.1:24: Connection
/// refused.` Must run on an io_context.
awaitable<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, ConnectOptions options);

/// Addresses of one name that are tried.
inline constexpr std::size_t max_addresses = 8;

/// Of a host by name, or by address without brackets: in the system's order (RFC 6724), at least
/// one. The look-up blocks a thread of `pool` for as long as the system's resolver takes.
awaitable<Result<std::vector<IpAddress>>> resolve(std::string host, BlockingPool& pool);

}  // namespace postern::net

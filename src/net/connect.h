// Connections to a next hop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

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
};

/// To one address or path. The error is a sentence: `Cannot connect to 127.0.0.1:24: Connection
/// refused.` Must run on an io_context.
awaitable<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, ConnectOptions options);

/// To a host by name, or by address without brackets: tries all of its addresses in the system's
/// order (RFC 6724), each within `limit`. The look-up blocks a thread of `pool` for as long as the
/// system's resolver takes, beyond `limit` if need be.
awaitable<Result<std::unique_ptr<Stream>>> connect(std::string host, std::uint16_t port,
                                                   BlockingPool& pool, ConnectOptions options);

}  // namespace postern::net

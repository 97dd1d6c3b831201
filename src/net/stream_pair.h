// Two streams joined to each other, for tests in which both sides are ours: what one writes the
// other reads.
#pragma once

#include <memory>
#include <utility>

#include "net/socket_stream.h"

namespace postern::net {

/// Over a pair of Unix sockets. `server_tls` and `client_tls` may be null: start_tls() then fails.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_stream_pair(
    boost::asio::io_context& io, std::shared_ptr<const TlsContext> server_tls = nullptr,
    std::shared_ptr<const TlsContext> client_tls = nullptr,
    std::shared_ptr<const ExpectedServer> expected = nullptr);

/// Connected non-blocking sockets on 127.0.0.1, for tests that look at TCP itself.
std::pair<FileDescriptor, FileDescriptor> make_tcp_pair();

}  // namespace postern::net

// Streams over real sockets: TCP or Unix, plain or TLS.
//
// An idle stream costs a few hundred bytes: it has no buffer (the threads' shared one is used,
// and only while there is something in it), no timer (net/deadline_clock.h) and no TLS state
// before STARTTLS. Bytes that are there are taken without waiting; only a call that would block
// goes through the reactor.
#pragma once

#include <chrono>
#include <memory>

#include "net/expected_server.h"
#include "net/file_descriptor.h"
#include "net/stream.h"
#include "net/tls_context.h"

namespace boost::asio {
class io_context;
}

namespace postern::net {

/// Until set_deadline is called first.
inline constexpr std::chrono::seconds default_deadline = std::chrono::minutes(5);
/// How long a last write may take that begins after the deadline.
inline constexpr std::chrono::seconds last_write_grace{5};
/// What close() does to let our last reply arrive: it reads and drops what the peer still sends.
inline constexpr std::chrono::seconds close_drain_time{2};
inline constexpr std::size_t close_drain_bytes = 64 * 1024;

/// For a connected, non-blocking socket. Throws boost::system::system_error if the reactor cannot
/// take it (out of memory or of epoll watches). `tls` is what start_tls() uses (null: it fails);
/// `expected` is for contexts of clients; null: whoever answers.
///
/// The stream belongs to the thread that runs `io`; other threads reach it with asio::post. One
/// coroutine uses it at a time, while interrupt(), peer_has_closed() and end() may be called
/// in between by others of the thread.
std::unique_ptr<Stream> make_socket_stream(
    boost::asio::io_context& io, FileDescriptor socket, std::shared_ptr<const TlsContext> tls,
    std::shared_ptr<const ExpectedServer> expected = nullptr);

}  // namespace postern::net

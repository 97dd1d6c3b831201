// Sockets that wait for connections.
//
// Binding and accepting are two steps, because ports below 1024 are bound while the program is
// still root, before its threads exist:
//
//   auto socket = bind_listener(*parse_endpoint("0.0.0.0:25"));     // once per thread
//   Listener listener(io, std::move(*socket), [](Accepted accepted) { … });
//   io.run();
//
// Every thread has a listener of its own on the same port (SO_REUSEPORT), and the kernel spreads
// the connections. `[::]:25` takes IPv6 only; IPv4 has its own listener, so that neither gets
// in the other's way.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/endpoint.h"
#include "net/file_descriptor.h"

namespace boost::asio {
class io_context;
}

namespace postern::net {

struct BoundSocket {
  FileDescriptor socket;
  Endpoint endpoint;  ///< with the port that the system chose for 0
};

struct ListenOptions {
  int backlog = 1024;       ///< connections that wait to be accepted; the kernel has a limit too
  mode_t unix_mode = 0600;  ///< permissions of a Unix socket
};

/// `count` sockets that share one endpoint (TCP; a Unix path has one). Fails if anybody else
/// listens there already, also with SO_REUSEPORT: two servers would each get half of the mail. A
/// socket file that a dead server left behind is replaced. The error is a sentence: `Cannot listen
/// on 0.0.0.0:25: Permission denied.`
Result<std::vector<BoundSocket>> bind_listeners(const Endpoint& endpoint, std::size_t count,
                                                const ListenOptions& options = {});
/// One such socket.
Result<BoundSocket> bind_listener(const Endpoint& endpoint, const ListenOptions& options = {});

/// A connection that has just come in.
struct Accepted {
  FileDescriptor socket;           ///< non-blocking, closed on exec, TCP_NODELAY
  Endpoint peer;                   ///< for a Unix socket an empty one
  Endpoint local;                  ///< where the client connected to
  std::optional<uid_t> peer_user;  ///< whose process it is, on a Unix socket
};

/// Accepts until it is destroyed. The handler runs on the thread of `io`; it should start a
/// coroutine and return. What it throws is logged and costs that connection only.
///
/// While the process has no descriptor left, connections are accepted with one that is kept for
/// that, told what `apology` returns for each, a few octets in the protocol's own words, and
/// closed.
class Listener {
 public:
  using Handler = std::move_only_function<void(Accepted)>;
  using Apology = std::move_only_function<std::string()>;

  Listener(boost::asio::io_context& io, BoundSocket socket, Handler handler, Apology apology = {});
  /// On the thread of `io`. Removes the file of a Unix socket.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const Endpoint& endpoint() const;

 private:
  class Acceptor;
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace postern::net

// Making listening sockets; net/listener.cpp accepts from them.
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/listener.h"

namespace postern::net {

namespace {

std::unexpected<Error> cannot_listen(const Endpoint& endpoint, int error) {
  std::string hint;
  if (error == EACCES && !endpoint.is_unix()) {
    hint = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
  }
  if (error == EADDRINUSE) hint = " (another server listens there)";
  if (error == EADDRNOTAVAIL) hint = " (this machine has no such address)";
  return fail(
      fmt::format("Cannot listen on {}: {}{}.", endpoint.to_string(), std::strerror(error), hint));
}

bool set_option(const FileDescriptor& socket, int level, int name) {
  const int on = 1;
  return ::setsockopt(socket.get(), level, name, &on, sizeof on) == 0;
}

FileDescriptor new_socket(const SocketAddress& address) {
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket || address.family() == AF_UNIX) return socket;
  const bool fine = set_option(socket, SOL_SOCKET, SO_REUSEADDR) &&
                    set_option(socket, IPPROTO_TCP, TCP_NODELAY) &&  // accepted sockets inherit it
                    (address.family() == AF_INET || set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY));
  if (!fine) return FileDescriptor();
  return socket;
}

int bind(const FileDescriptor& socket, const SocketAddress& address) {
  return ::bind(socket.get(), address.get(), address.length) == 0 ? 0 : errno;
}

/// Without SO_REUSEPORT on it, a socket cannot share the port with anybody: so this bind finds
/// out whether the port is free. 0 or an error number.
int probe(const SocketAddress& address) {
  const FileDescriptor socket = new_socket(address);
  return socket ? bind(socket, address) : errno;
}

/// Removes the file of a socket whose server is gone; 0 or an error number.
int clear_path(const Endpoint& endpoint, const SocketAddress& address) {
  struct stat info{};
  if (::lstat(endpoint.path.c_str(), &info) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(info.st_mode)) return EEXIST;
  const FileDescriptor socket = new_socket(address);
  if (!socket) return errno;
  const bool refused =
      ::connect(socket.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED;
  if (!refused) return EADDRINUSE;
  return ::unlink(endpoint.path.c_str()) == 0 ? 0 : errno;
}

Result<BoundSocket> bind_one(const Endpoint& endpoint, const ListenOptions& options) {
  SocketAddress address = SocketAddress::from(endpoint);
  FileDescriptor socket = new_socket(address);
  if (!socket) return cannot_listen(endpoint, errno);
  // On Linux the mode of the unbound socket, less the umask, becomes that of its file, so that
  // there is no moment at which the file is open to more users.
  if (endpoint.is_unix() && ::fchmod(socket.get(), options.unix_mode) != 0) {
    return cannot_listen(endpoint, errno);
  }
  if (!endpoint.is_unix() && !set_option(socket, SOL_SOCKET, SO_REUSEPORT)) {
    return cannot_listen(endpoint, errno);
  }
  if (const int error = bind(socket, address); error != 0) return cannot_listen(endpoint, error);
  if (endpoint.is_unix() && ::chmod(endpoint.path.c_str(), options.unix_mode) != 0) {
    return cannot_listen(endpoint, errno);
  }
  if (::listen(socket.get(), options.backlog) != 0) return cannot_listen(endpoint, errno);
  if (endpoint.is_unix()) return BoundSocket{std::move(socket), endpoint};
  SocketAddress bound;
  if (::getsockname(socket.get(), bound.get(), &bound.length) != 0) {
    return cannot_listen(endpoint, errno);
  }
  return BoundSocket{std::move(socket), bound.to_endpoint()};
}

}  // namespace

Result<std::vector<BoundSocket>> bind_listeners(const Endpoint& endpoint, std::size_t count,
                                                const ListenOptions& options) {
  const SocketAddress address = SocketAddress::from(endpoint);
  const int obstacle = endpoint.is_unix() ? clear_path(endpoint, address) : probe(address);
  if (obstacle != 0) return cannot_listen(endpoint, obstacle);
  if (endpoint.is_unix()) count = 1;

  std::vector<BoundSocket> sockets;
  Endpoint shared = endpoint;
  while (sockets.size() < count) {
    auto socket = bind_one(shared, options);
    if (!socket) return std::unexpected(socket.error());
    shared = socket->endpoint;
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

Result<BoundSocket> bind_listener(const Endpoint& endpoint, const ListenOptions& options) {
  auto sockets = bind_listeners(endpoint, 1, options);
  if (!sockets) return std::unexpected(sockets.error());
  return std::move(sockets->front());
}

}  // namespace postern::net

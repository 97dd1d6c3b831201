#include "net/stream_pair.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "net/endpoint.h"

namespace postern::net {

namespace {

FileDescriptor checked(int fd) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "make_stream_pair");
  return FileDescriptor(fd);
}

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_stream_pair(
    boost::asio::io_context& io, std::shared_ptr<const TlsContext> server_tls,
    std::shared_ptr<const TlsContext> client_tls, std::shared_ptr<const ExpectedServer> expected) {
  int ends[2] = {-1, -1};
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
  FileDescriptor server = checked(ends[0]);
  FileDescriptor client = checked(ends[1]);
  return {make_socket_stream(io, std::move(server), std::move(server_tls)),
          make_socket_stream(io, std::move(client), std::move(client_tls), std::move(expected))};
}

std::pair<FileDescriptor, FileDescriptor> make_tcp_pair() {
  Endpoint loopback;
  loopback.address = IpAddress::v4({127, 0, 0, 1});
  SocketAddress address = SocketAddress::from(loopback);
  const FileDescriptor listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  FileDescriptor client = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool connected = ::bind(listener.get(), address.get(), address.length) == 0 &&
                         ::listen(listener.get(), 1) == 0 &&
                         ::getsockname(listener.get(), address.get(), &address.length) == 0 &&
                         ::connect(client.get(), address.get(), address.length) == 0;
  if (!connected) throw std::system_error(errno, std::generic_category(), "make_tcp_pair");
  FileDescriptor server =
      checked(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
  return {std::move(server), std::move(client)};
}

}  // namespace postern::net

#include "net/connect.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <vector>

#include "net/blocking_pool.h"
#include "net/file_descriptor.h"
#include "net/socket_stream.h"

namespace postern::net {

namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using std::chrono::steady_clock;

/// Waits for the end of a connect(2) that is under way; an error number.
awaitable<int> finish_connecting(asio::io_context& io, int fd, steady_clock::time_point until) {
  asio::posix::stream_descriptor events(io, fd);
  asio::steady_timer timer(io, until);
  boost::system::error_code wait_error;
  boost::system::error_code timer_error;
  auto ready = events.async_wait(asio::posix::descriptor_base::wait_write,
                                 asio::redirect_error(asio::use_awaitable, wait_error));
  auto too_late = timer.async_wait(asio::redirect_error(asio::use_awaitable, timer_error));
  const auto first = co_await (std::move(ready) || std::move(too_late));
  events.release();
  if (first.index() == 1) co_return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  co_return error;
}

awaitable<int> connect_socket(asio::io_context& io, int fd, const SocketAddress& address,
                              steady_clock::time_point until) {
  constexpr auto retry = std::chrono::milliseconds(20);
  for (;;) {
    if (::connect(fd, address.get(), address.length) == 0) co_return 0;
    if (errno == EINPROGRESS) co_return co_await finish_connecting(io, fd, until);
    // A Unix socket whose queue is full says EAGAIN, and nothing ever reports the change.
    if (errno != EAGAIN || steady_clock::now() >= until) co_return errno;
    asio::steady_timer timer(io, retry);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

std::unexpected<Error> cannot_connect(const std::string& where, const char* why) {
  return fail(fmt::format("Cannot connect to {}: {}.", where, why));
}

/// Blocks.
Result<std::vector<IpAddress>> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (problem != 0) {
    return fail(fmt::format("Cannot find the address of {}: {}.", host, ::gai_strerror(problem)));
  }
  std::vector<IpAddress> found;
  for (const addrinfo* entry = list; entry != nullptr && found.size() < max_addresses;
       entry = entry->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
    found.push_back(address.to_endpoint().address);
  }
  ::freeaddrinfo(list);
  if (found.empty()) return fail(fmt::format("{} has no address.", host));
  return found;
}

}  // namespace

awaitable<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, ConnectOptions options) {
  auto executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  const SocketAddress address = SocketAddress::from(endpoint);
  FileDescriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) co_return cannot_connect(endpoint.to_string(), std::strerror(errno));
  if (!endpoint.is_unix()) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (options.source) {
    const SocketAddress from = SocketAddress::from({*options.source, 0, ""});
    if (::bind(socket.get(), from.get(), from.length) != 0) {
      co_return fail(fmt::format("Cannot connect to {} from {}: {}.", endpoint.to_string(),
                                 options.source->to_string(), std::strerror(errno)));
    }
  }
  const auto until = steady_clock::now() + options.limit;
  const int error = co_await connect_socket(io, socket.get(), address, until);
  if (error != 0) co_return cannot_connect(endpoint.to_string(), std::strerror(error));
  co_return make_socket_stream(io, std::move(socket), std::move(options.tls),
                               std::move(options.expected));
}

awaitable<Result<std::vector<IpAddress>>> resolve(std::string host, BlockingPool& pool) {
  if (const auto address = IpAddress::parse(host)) co_return std::vector<IpAddress>{*address};
  auto asked = [host] { return look_up(host); };
  auto found = co_await pool.run(std::move(asked));
  if (!found) {
    co_return fail(fmt::format(
        "Cannot find the address of {}: too many look-ups of names wait already.", host));
  }
  co_return std::move(*found);
}

}  // namespace postern::net

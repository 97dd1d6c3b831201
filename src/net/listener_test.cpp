#include "net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "net/blocking_pool.h"
#include "net/connect.h"
#include "net/run.h"

using namespace postern;
using namespace postern::net;
using namespace std::chrono_literals;

namespace {

Endpoint loopback() {
  return parse_endpoint("127.0.0.1:0").value();
}

struct Folder {
  Folder() {
    path = std::filesystem::temp_directory_path() / "postern-test-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

/// Connects, and runs `io` until the listener has handed something over.
Result<std::unique_ptr<Stream>> connect_and_accept(boost::asio::io_context& io, Endpoint endpoint,
                                                   std::vector<Accepted>& accepted) {
  const std::size_t before = accepted.size();
  auto stream = run_on(io, connect(std::move(endpoint), {.limit = 10s}));
  run_until(io, [&] { return accepted.size() > before; });
  return stream;
}

}  // namespace

TEST_CASE("connections are handed over with both addresses") {
  boost::asio::io_context io(1);
  for (const char* text : {"127.0.0.1:0", "[::1]:0"}) {
    CAPTURE(text);
    auto socket = bind_listener(parse_endpoint(text).value());
    REQUIRE(socket);
    const Endpoint endpoint = socket->endpoint;
    CHECK(endpoint.port != 0);
    std::vector<Accepted> accepted;
    const Listener listener(io, std::move(*socket),
                            [&](Accepted each) { accepted.push_back(std::move(each)); });
    const auto stream = connect_and_accept(io, endpoint, accepted);
    REQUIRE(stream);
    CHECK(accepted[0].local == endpoint);
    CHECK(accepted[0].peer.address == endpoint.address);
    CHECK(accepted[0].peer.port != 0);
    CHECK_FALSE(accepted[0].peer_user);
    CHECK((::fcntl(accepted[0].socket.get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(accepted[0].socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("a Unix socket knows its user, is private, and goes with the listener") {
  const Folder folder;
  boost::asio::io_context io(1);
  Endpoint endpoint;
  endpoint.path = folder.path + "/socket";
  std::vector<Accepted> accepted;
  {
    auto socket = bind_listener(endpoint);
    REQUIRE(socket);
    struct stat info{};
    REQUIRE(::stat(endpoint.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    const Listener listener(io, std::move(*socket),
                            [&](Accepted each) { accepted.push_back(std::move(each)); });
    CHECK(connect_and_accept(io, endpoint, accepted));
    CHECK(accepted[0].peer_user == ::getuid());

    const auto second = bind_listener(endpoint);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.contains("another server listens there"));
  }
  CHECK_FALSE(std::filesystem::exists(endpoint.path));
}

TEST_CASE("a socket file that nobody serves is replaced, any other file is not") {
  const Folder folder;
  Endpoint endpoint;
  endpoint.path = folder.path + "/socket";
  CHECK(bind_listener(endpoint));  // closed at once: the file stays, as after a crash
  CHECK(std::filesystem::exists(endpoint.path));
  CHECK(bind_listener(endpoint));

  endpoint.path = folder.path + "/mailbox";
  ::close(::open(endpoint.path.c_str(), O_CREAT | O_WRONLY, 0600));
  CHECK_FALSE(bind_listener(endpoint));
  CHECK(std::filesystem::exists(endpoint.path));
}

TEST_CASE("threads share a port, other servers cannot") {
  const auto shared = bind_listeners(loopback(), 3);
  REQUIRE(shared);
  REQUIRE(shared->size() == 3);
  CHECK(shared->at(0).endpoint == shared->at(2).endpoint);
  const auto other = bind_listeners(shared->at(0).endpoint, 3);
  REQUIRE_FALSE(other);
  CHECK(other.error().message == "Cannot listen on " + shared->at(0).endpoint.to_string() +
                                     ": Address already in use (another server listens there).");
}

TEST_CASE("IPv6 and IPv4 wildcards have the same port to themselves") {
  const auto v6 = bind_listener(parse_endpoint("[::]:0").value());
  REQUIRE(v6);
  Endpoint v4 = parse_endpoint("0.0.0.0:0").value();
  v4.port = v6->endpoint.port;
  CHECK(bind_listener(v4));
}

TEST_CASE("an address that is not ours is explained") {
  const auto socket = bind_listener(parse_endpoint("192.0.2.1:25").value());
  REQUIRE_FALSE(socket);
  CHECK(socket.error().message ==
        "Cannot listen on 192.0.2.1:25: Cannot assign requested address (this machine has no such "
        "address).");
}

TEST_CASE("a handler that throws costs one connection only") {
  boost::asio::io_context io(1);
  auto socket = bind_listener(loopback());
  REQUIRE(socket);
  const Endpoint endpoint = socket->endpoint;
  std::vector<Accepted> accepted;
  bool thrown = false;
  const Listener listener(io, std::move(*socket), [&](Accepted each) {
    if (!std::exchange(thrown, true)) throw std::runtime_error("no room");
    accepted.push_back(std::move(each));
  });
  start(io, connect(endpoint, {}));
  CHECK(connect_and_accept(io, endpoint, accepted));
}

TEST_CASE("when descriptors run out, clients are told so and the listener lives on") {
  boost::asio::io_context io(1);
  auto socket = bind_listener(loopback());
  REQUIRE(socket);
  const Endpoint endpoint = socket->endpoint;
  std::vector<Accepted> accepted;
  int apologies = 0;
  const Listener listener(
      io, std::move(*socket), [&](Accepted each) { accepted.push_back(std::move(each)); },
      [&] {
        ++apologies;
        return "421 later\r\n";
      });
  io.poll();

  const SocketAddress address = SocketAddress::from(endpoint);
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(clients.back().get(), address.get(), address.length) == 0);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(clients.back().get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  // The next descriptor would be above the limit.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit full = before;
  std::vector<FileDescriptor> fillers;
  full.rlim_cur = static_cast<rlim_t>(clients.back().get()) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
  for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fillers.emplace_back(fd);
  io.restart();
  io.run_one_for(10s);
  // All that waited have been told, and until the pause is over there is nothing to run.
  const std::size_t spins = io.poll();
  std::string heard;
  for (const FileDescriptor& client : clients) {
    char buffer[64];
    ssize_t count = 0;
    while ((count = ::recv(client.get(), buffer, sizeof buffer, 0)) > 0)
      heard.append(buffer, static_cast<std::size_t>(count));
    heard += count == 0 ? '.' : '?';
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  fillers.clear();
  CHECK(heard == "421 later\r\n.421 later\r\n.421 later\r\n.");
  CHECK(apologies == 3);
  CHECK(spins == 0);
  CHECK(accepted.empty());

  CHECK(connect_and_accept(io, endpoint, accepted));
}

TEST_CASE("a connection that cannot be made is a sentence") {
  auto socket = bind_listener(loopback());
  REQUIRE(socket);
  const Endpoint endpoint = socket->endpoint;
  socket->socket.reset();
  const auto refused = run(connect(endpoint, {}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "Cannot connect to " + endpoint.to_string() + ": Connection refused.");

  Endpoint nowhere;
  nowhere.path = "/nowhere/socket";
  const auto missing = run(connect(nowhere, {}));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "Cannot connect to unix:/nowhere/socket: No such file or directory.");
}

TEST_CASE("a Unix server that never accepts is given up in time") {
  const Folder folder;
  Endpoint endpoint;
  endpoint.path = folder.path + "/socket";
  const auto socket = bind_listener(endpoint, {.backlog = 0});
  REQUIRE(socket);
  boost::asio::io_context io(1);
  std::vector<std::unique_ptr<Stream>> waiting;
  for (;;) {
    auto stream = run_on(io, connect(endpoint, {.limit = 50ms}));
    if (!stream) {
      CHECK(stream.error().message.contains("Resource temporarily unavailable"));
      break;
    }
    waiting.push_back(std::move(*stream));
    REQUIRE(waiting.size() < 10);
  }
}

TEST_CASE("hosts are found by name or address") {
  boost::asio::io_context io(1);
  BlockingPool pool(1, 4);
  CHECK(run_on(io, resolve("192.0.2.1", pool)).value() ==
        std::vector{*IpAddress::parse("192.0.2.1")});
  const auto found = run_on(io, resolve("localhost", pool));
  REQUIRE(found);
  for (const IpAddress& address : *found) CHECK(address.is_loopback());
  const auto unknown = run_on(io, resolve("no such host", pool));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.starts_with("Cannot find the address of no such host: "));
}

#include "net/socket_stream.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "net/run.h"
#include "net/stream_pair.h"

using namespace postern;
using namespace postern::net;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

/// A stream and the naked other end of its connection.
struct Wire {
  explicit Wire(boost::asio::io_context& io) {
    auto [server, client] = make_tcp_pair();
    stream = make_socket_stream(io, std::move(server), nullptr);
    peer = std::move(client);
  }

  void peer_sends(std::string_view bytes) {
    REQUIRE(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  /// What is there, without waiting.
  std::string peer_receives() {
    char buffer[4096];
    const ssize_t count = ::recv(peer.get(), buffer, sizeof buffer, 0);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }
  /// Closes with a reset instead of a FIN.
  void peer_resets() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.reset();
  }

  std::unique_ptr<Stream> stream;
  FileDescriptor peer;
};

awaitable<std::string> read_all(Stream& stream) {
  std::string all;
  for (;;) {
    const std::string_view piece = co_await stream.read();
    if (piece.empty()) co_return all;
    all += piece;
  }
}

awaitable<std::string> read_once(Stream& stream) {
  const std::string_view piece = co_await stream.read();
  co_return std::string(piece);
}

awaitable<void> pause(std::chrono::milliseconds time) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

awaitable<bool> write_forever(Stream& stream) {
  const std::string block(1 << 20, 'x');
  while (co_await stream.write(block)) {
  }
  co_return true;
}

}  // namespace

TEST_CASE("bytes go both ways, over TCP and Unix sockets, also when a read has to wait") {
  boost::asio::io_context io(1);
  auto [left, right] = make_stream_pair(io);
  Wire wire(io);
  const auto talk = [](Stream& a, Stream& b) -> awaitable<std::string> {
    co_await a.write("first");
    co_await pause(1ms);
    co_await a.write("");
    const std::string first = co_await read_once(b);
    co_await b.close();
    co_return first;
  };
  CHECK(run_on(io, talk(*left, *right)) == "first");
  CHECK(run_on(io, read_all(*left)).empty());
  CHECK(left->end() == StreamEnd::closed);

  std::string seen;
  const auto note = [](Stream& stream, std::string& into) -> awaitable<void> {
    into = co_await read_once(stream);
  };
  start(io, note(*wire.stream, seen));
  io.restart();
  io.poll();
  CHECK(seen.empty());
  wire.peer_sends("EHLO");
  run_until(io, [&] { return !seen.empty(); });
  CHECK(seen == "EHLO");
}

TEST_CASE("a large write waits for a slow reader and loses nothing") {
  boost::asio::io_context io(1);
  auto [left, right] = make_stream_pair(io);
  std::string large(8 << 20, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
  const auto send = [](Stream& stream, const std::string& text) -> awaitable<void> {
    CHECK(co_await stream.write(text));
    co_await stream.close();
  };
  start(io, send(*left, large));
  CHECK(run_on(io, read_all(*right)) == large);
}

TEST_CASE("an overdue read ends, and last words can still be written") {
  boost::asio::io_context io(1);
  Wire wire(io);
  const auto begin = steady_clock::now();
  wire.stream->set_deadline(300ms);
  CHECK(run_on(io, read_all(*wire.stream)).empty());
  CHECK(wire.stream->end() == StreamEnd::timed_out);
  CHECK(steady_clock::now() - begin >= 300ms);
  wire.peer_sends("too late");
  CHECK(run_on(io, read_all(*wire.stream)).empty());
  CHECK(run_on(io, wire.stream->write("421 4.4.2 bye\r\n")));
  CHECK(wire.peer_receives() == "421 4.4.2 bye\r\n");
}

TEST_CASE("a deadline may be moved while a read waits, later or earlier") {
  boost::asio::io_context io(1);
  Wire wire(io);
  std::string seen;
  const auto note = [](Stream& stream, std::string& into) -> awaitable<void> {
    into = co_await read_once(stream);
  };
  wire.stream->set_deadline(100ms);
  start(io, note(*wire.stream, seen));
  io.poll();
  wire.stream->set_deadline(10min);
  run_on(io, pause(800ms));  // the old deadline and three ticks
  wire.peer_sends("still here");
  run_until(io, [&] { return !seen.empty() || wire.stream->end() != StreamEnd::open; });
  CHECK(seen == "still here");

  start(io, note(*wire.stream, seen));
  io.poll();
  wire.stream->set_deadline(1ms);
  run_until(io, [&] { return wire.stream->end() != StreamEnd::open; });
  CHECK(wire.stream->end() == StreamEnd::timed_out);
}

TEST_CASE("a peer that always sends does not outlive the deadline") {
  boost::asio::io_context io(1);
  auto [left, right] = make_stream_pair(io);
  right->set_deadline(300ms);
  start(io, write_forever(*left));
  run_on(io, read_all(*right));
  CHECK(right->end() == StreamEnd::timed_out);
}

TEST_CASE("a write to a peer that reads nothing times out, and is the last one") {
  boost::asio::io_context io(1);
  Wire wire(io);
  wire.stream->set_deadline(300ms);
  CHECK(run_on(io, write_forever(*wire.stream)));
  CHECK(wire.stream->end() == StreamEnd::timed_out);
  CHECK_FALSE(run_on(io, wire.stream->write("421")));
}

TEST_CASE("a waiting read is interrupted, says goodbye, or goes on") {
  boost::asio::io_context io(1);
  Wire wire(io);
  start(io, read_all(*wire.stream));
  io.poll();
  CHECK(wire.stream->end() == StreamEnd::open);
  wire.stream->interrupt();
  run_until(io, [&] { return wire.stream->end() == StreamEnd::interrupted; });
  CHECK(run_on(io, wire.stream->write("421")));
  wire.peer_sends("more");
  CHECK(run_on(io, read_once(*wire.stream)) == "more");

  // Nobody waits: the next read is interrupted, and the bytes stay for the one after it.
  wire.peer_sends("again");
  wire.stream->interrupt();
  CHECK(run_on(io, read_once(*wire.stream)).empty());
  CHECK(wire.stream->end() == StreamEnd::interrupted);
  CHECK(run_on(io, read_once(*wire.stream)) == "again");
}

TEST_CASE("what was given back is read first") {
  boost::asio::io_context io(1);
  Wire wire(io);
  wire.peer_sends("PROXY EHLO");
  CHECK(run_on(io, read_once(*wire.stream)) == "PROXY EHLO");
  wire.stream->unread("EHLO");
  CHECK(run_on(io, read_once(*wire.stream)) == "EHLO");
  wire.peer_sends("next");
  CHECK(run_on(io, read_once(*wire.stream)) == "next");
}

TEST_CASE("a peer is seen to close, also behind bytes that nobody has read") {
  boost::asio::io_context io(1);
  Wire alive(io);
  CHECK_FALSE(alive.stream->peer_has_closed());
  alive.peer_sends("QUIT\r\n");
  CHECK_FALSE(alive.stream->peer_has_closed());

  Wire half_closed(io);
  half_closed.peer_sends("QUIT\r\n");
  ::shutdown(half_closed.peer.get(), SHUT_WR);
  CHECK(half_closed.stream->peer_has_closed());
  CHECK(run_on(io, read_all(*half_closed.stream)) == "QUIT\r\n");  // nothing was lost

  Wire closed(io);
  closed.peer.reset();
  CHECK(closed.stream->peer_has_closed());

  Wire reset(io);
  reset.peer_resets();
  CHECK(reset.stream->peer_has_closed());
  CHECK(run_on(io, read_all(*reset.stream)).empty());
  CHECK(reset.stream->end() == StreamEnd::failed);
}

TEST_CASE("drained tells whether our last bytes have arrived") {
  boost::asio::io_context io(1);
  const auto last_words = [](Stream& stream) -> awaitable<bool> {
    stream.set_deadline(1min);
    co_await stream.write("250 2.0.0 safe\r\n");
    co_return co_await stream.drained(10s);
  };

  Wire alive(io);
  CHECK(run_on(io, last_words(*alive.stream)));
  CHECK(alive.peer_receives() == "250 2.0.0 safe\r\n");

  Wire pipelining(io);
  pipelining.peer_sends("QUIT\r\n");
  CHECK(run_on(io, last_words(*pipelining.stream)));
  CHECK(run_on(io, read_once(*pipelining.stream)) == "QUIT\r\n");

  Wire half_closed(io);
  ::shutdown(half_closed.peer.get(), SHUT_WR);
  CHECK(run_on(io, last_words(*half_closed.stream)));
  CHECK(half_closed.peer_receives() == "250 2.0.0 safe\r\n");

  // The peer's system answers our bytes with a reset: nobody will ever read them.
  Wire closed(io);
  closed.peer.reset();
  CHECK_FALSE(run_on(io, last_words(*closed.stream)));

  Wire reset(io);
  reset.peer_resets();
  CHECK_FALSE(run_on(io, last_words(*reset.stream)));

  auto [local, other] = make_stream_pair(io);
  CHECK(run_on(io, last_words(*local)));
}

TEST_CASE("drained gives up on a peer whose window is full, and leaves the deadline alone") {
  boost::asio::io_context io(1);
  const auto fill = [](Stream& stream, int fd) -> awaitable<bool> {
    const std::string block(1 << 16, 'x');
    while (::send(fd, block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
    }
    stream.set_deadline(10min);
    co_return co_await stream.drained(50ms);
  };
  auto [server, client] = make_tcp_pair();
  const int fd = server.get();
  auto stream = make_socket_stream(io, std::move(server), nullptr);
  CHECK_FALSE(run_on(io, fill(*stream, fd)));
  CHECK(stream->end() == StreamEnd::open);
}

TEST_CASE("a reply arrives although the peer's last bytes were never read") {
  boost::asio::io_context io(1);
  Wire wire(io);
  wire.peer_sends("DATA that is refused unread\r\n");
  const auto refuse = [](Stream& stream) -> awaitable<void> {
    co_await stream.write("550 no\r\n");
    co_await stream.close();
  };
  start(io, refuse(*wire.stream));
  io.poll();
  wire.peer_sends("still sending\r\n");
  CHECK(wire.peer_receives() == "550 no\r\n");
  char byte;
  CHECK(::recv(wire.peer.get(), &byte, 1, 0) == 0);  // the end, and no reset
  wire.peer.reset();
  run_until(io, [&] { return wire.stream->end() == StreamEnd::closed; });
  CHECK_FALSE(run_on(io, wire.stream->write("more")));
}

TEST_CASE("closing does not wait for a peer that never closes") {
  boost::asio::io_context io(1);
  Wire silent(io);
  run_on(io, silent.stream->close());
  CHECK(silent.stream->end() == StreamEnd::closed);
  run_on(io, silent.stream->close());

  Wire chatty(io);
  const std::string flood(close_drain_bytes * 2, 'x');
  start(io, chatty.stream->close());
  std::size_t sent = 0;
  for (int i = 0; i < 100 && sent < flood.size(); ++i) {
    const ssize_t n = ::send(chatty.peer.get(), flood.data(), flood.size(), MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
    io.restart();
    io.poll();
  }
  run_until(io, [&] { return chatty.stream->end() == StreamEnd::closed; });
}

TEST_CASE("a stream that is destroyed while it waits leaves nothing behind") {
  auto io = std::make_unique<boost::asio::io_context>(1);
  auto [server, client] = make_tcp_pair();
  auto own = [](std::unique_ptr<Stream> stream) -> awaitable<void> { co_await stream->read(); };
  start(*io, own(make_socket_stream(*io, std::move(server), nullptr)));
  io->poll();
  io.reset();
  char byte;
  CHECK(::recv(client.get(), &byte, 1, 0) == 0);
}

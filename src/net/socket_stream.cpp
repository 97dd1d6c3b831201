#include "net/socket_stream.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <utility>

#include "net/deadline_clock.h"
#include "net/endpoint.h"
#include "net/raw_socket.h"
#include "net/tls_session.h"

namespace postern::net {

namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

/// What all streams of an io_context, and so of a thread, share.
struct ThreadShare : asio::execution_context::service {
  using key_type = ThreadShare;
  static inline asio::execution_context::id id;

  explicit ThreadShare(asio::io_context& io) : service(io), clock(io) {}
  void shutdown() override {}

  DeadlineClock clock;
  std::array<char, 64 * 1024> buffer;
};

class SocketStream final : public Stream, private DeadlineClock::Entry {
 public:
  SocketStream(asio::io_context& io, ThreadShare& share, FileDescriptor socket,
               std::shared_ptr<const TlsContext> tls,
               std::shared_ptr<const ExpectedServer> expected);

  awaitable<std::string_view> read() override;
  void unread(std::string_view bytes) override {
    assert(!tls_);
    socket_.unread(bytes);
  }
  awaitable<bool> write(std::string_view bytes) override;
  awaitable<Result<TlsFacts>> start_tls() override;
  void set_deadline(steady_clock::duration from_now) override;
  StreamEnd end() const override { return end_; }
  std::optional<IpAddress> peer_address() const override;
  bool peer_has_closed() override;
  awaitable<bool> drained(steady_clock::duration limit) override;
  void interrupt() override;
  awaitable<void> close() override;

 private:
  void on_overdue() override;
  void set_deadline_at(steady_clock::time_point due);
  awaitable<void> wait(IoStatus for_what);
  IoResult receive(std::span<char> buffer) {
    return tls_ ? tls_->receive(buffer) : socket_.receive(buffer);
  }
  IoResult send(std::string_view bytes) { return tls_ ? tls_->send(bytes) : socket_.send(bytes); }
  std::unexpected<Error> handshake_failed(StreamEnd end, std::string_view why);

  ThreadShare& share_;
  RawSocket socket_;
  // Owns the descriptor and waits for it; bytes are moved by socket_.
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> events_;
  std::shared_ptr<const TlsContext> tls_context_;
  std::shared_ptr<const ExpectedServer> expected_;
  std::unique_ptr<TlsSession> tls_;
  boost::system::error_code wait_error_;
  StreamEnd end_ = StreamEnd::open;
  bool overdue_ = false;
  bool interrupt_wanted_ = false;
  bool grace_given_ = false;
  bool output_ended_ = false;  // nothing can be written any more
};

SocketStream::SocketStream(asio::io_context& io, ThreadShare& share, FileDescriptor socket,
                           std::shared_ptr<const TlsContext> tls,
                           std::shared_ptr<const ExpectedServer> expected)
    : Entry(share.clock),
      share_(share),
      socket_(socket.get()),
      events_(io, socket.get()),
      tls_context_(std::move(tls)),
      expected_(std::move(expected)) {
  socket.release();  // events_ closes it from here on
  set_deadline(default_deadline);
}

void SocketStream::set_deadline(steady_clock::duration from_now) {
  grace_given_ = false;
  set_deadline_at(steady_clock::now() + from_now);
}

void SocketStream::set_deadline_at(steady_clock::time_point due) {
  overdue_ = false;
  set_due(due);
}

/// Whoever waits looks at overdue_ when it wakes up.
void SocketStream::on_overdue() {
  overdue_ = true;
  boost::system::error_code ignored;
  if (events_.is_open()) events_.cancel(ignored);
}

void SocketStream::interrupt() {
  interrupt_wanted_ = true;
  boost::system::error_code ignored;
  if (events_.is_open()) events_.cancel(ignored);
}

/// Wakes up too early at times, for example after interrupt(): callers try again in a loop.
/// Not a coroutine itself, to spare each waiting stream the frame.
awaitable<void> SocketStream::wait(IoStatus for_what) {
  const auto type = for_what == IoStatus::want_write ? asio::posix::descriptor_base::wait_write
                                                     : asio::posix::descriptor_base::wait_read;
  return events_.async_wait(type, asio::redirect_error(asio::use_awaitable, wait_error_));
}

awaitable<std::string_view> SocketStream::read() {
  if (end_ == StreamEnd::interrupted) end_ = StreamEnd::open;
  while (end_ == StreamEnd::open) {
    if (std::exchange(interrupt_wanted_, false)) {
      end_ = StreamEnd::interrupted;
      break;
    }
    if (overdue_) {
      end_ = StreamEnd::timed_out;
      break;
    }
    const IoResult result = receive(share_.buffer);
    switch (result.status) {
      case IoStatus::done:
        co_return std::string_view(share_.buffer.data(), result.bytes);
      case IoStatus::want_read:
      case IoStatus::want_write:
        co_await wait(result.status);
        break;
      case IoStatus::closed:
        end_ = StreamEnd::closed;
        break;
      case IoStatus::failed:
        end_ = StreamEnd::failed;
        break;
    }
  }
  co_return std::string_view();
}

awaitable<bool> SocketStream::write(std::string_view bytes) {
  // Last words, such as 421, after the deadline or an interrupt.
  if ((overdue_ || end_ == StreamEnd::interrupted) && !std::exchange(grace_given_, true)) {
    set_deadline_at(steady_clock::now() + last_write_grace);
  }
  while (!bytes.empty() && !output_ended_) {
    const IoResult result = send(bytes);
    switch (result.status) {
      case IoStatus::done:
        bytes.remove_prefix(result.bytes);
        continue;
      case IoStatus::want_read:
      case IoStatus::want_write:
        if (overdue_) {
          // Part of a reply or of a TLS record may be out: nothing sensible can follow.
          end_ = StreamEnd::timed_out;
          output_ended_ = true;
          break;
        }
        co_await wait(result.status);
        break;
      case IoStatus::closed:
      case IoStatus::failed:
        end_ = StreamEnd::failed;
        output_ended_ = true;
        break;
    }
  }
  co_return bytes.empty();
}

std::unexpected<Error> SocketStream::handshake_failed(StreamEnd end, std::string_view why) {
  end_ = end;
  // In the middle of a handshake there is no layer on which a last reply would be understood.
  output_ended_ = true;
  return fail(fmt::format("The TLS handshake failed: {}.", why));
}

awaitable<Result<TlsFacts>> SocketStream::start_tls() {
  if (!tls_context_) co_return fail("TLS is not configured.");
  if (tls_ || end_ != StreamEnd::open || output_ended_) co_return fail("TLS cannot start here.");
  tls_ = std::make_unique<TlsSession>(std::move(tls_context_), socket_, expected_.get());
  for (;;) {
    if (std::exchange(interrupt_wanted_, false)) {
      co_return handshake_failed(StreamEnd::interrupted, "the server is going down");
    }
    if (overdue_) co_return handshake_failed(StreamEnd::timed_out, "it took too long");
    const IoResult result = tls_->handshake();
    switch (result.status) {
      case IoStatus::done:
        co_return tls_->facts(now());
      case IoStatus::want_read:
      case IoStatus::want_write:
        co_await wait(result.status);
        break;
      case IoStatus::closed:
      case IoStatus::failed:
        co_return handshake_failed(StreamEnd::failed, tls_->problem());
    }
  }
}

std::optional<IpAddress> SocketStream::peer_address() const {
  SocketAddress peer;
  if (::getpeername(socket_.fd(), peer.get(), &peer.length) != 0 || peer.family() == AF_UNIX)
    return std::nullopt;
  return peer.to_endpoint().address;
}

bool SocketStream::peer_has_closed() {
  if (end_ == StreamEnd::closed || end_ == StreamEnd::failed || !events_.is_open()) return true;
  return socket_.peer_has_closed() || (tls_ && tls_->peer_has_closed());
}

// The kernel has no event for "all was acknowledged". But the peer's next bytes bring its
// acknowledgement along, so usually it is enough to wait for these; else for the next look.
awaitable<bool> SocketStream::drained(steady_clock::duration limit) {
  constexpr auto first_look = std::chrono::milliseconds(5);
  constexpr auto slowest_look = std::chrono::milliseconds(250);
  const auto caller_due = due();
  const bool caller_overdue = overdue_;
  const auto until = steady_clock::now() + limit;
  auto next_look = first_look;
  bool acknowledged = false;
  while (!output_ended_ && !socket_.is_broken()) {
    if (socket_.unacknowledged() == 0) {
      acknowledged = true;
      break;
    }
    const auto present = steady_clock::now();
    if (present >= until) break;
    if (!socket_.has_input()) {
      set_deadline_at(std::min(until, present + slowest_look));
      co_await wait(IoStatus::want_read);
      continue;
    }
    // What is unread already was sent before our last bytes: it proves nothing, and would wake
    // us again and again.
    asio::steady_timer timer(events_.get_executor(), next_look);
    next_look = std::min<std::chrono::milliseconds>(next_look * 2, slowest_look);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, wait_error_));
  }
  set_deadline_at(caller_due);
  overdue_ = caller_overdue;
  co_return acknowledged;
}

awaitable<void> SocketStream::close() {
  if (!events_.is_open()) co_return;
  if (end_ != StreamEnd::failed && !output_ended_) {
    if (tls_) tls_->end_output();
    socket_.end_output();
  }
  // Closing with input unread would make the kernel send a reset, which can overtake our last
  // reply and destroy it at the peer. So the peer gets the time to close first.
  set_deadline(close_drain_time);
  std::size_t dropped = 0;
  while (end_ != StreamEnd::failed && end_ != StreamEnd::closed && !overdue_ &&
         dropped < close_drain_bytes) {
    const IoResult result = socket_.receive(share_.buffer);
    if (result.status == IoStatus::want_read) {
      co_await wait(result.status);
    } else if (result.status == IoStatus::done) {
      dropped += result.bytes;
    } else {
      break;
    }
  }
  socket_.forget();
  boost::system::error_code ignored;
  events_.close(ignored);
  set_due(DeadlineClock::never);
  output_ended_ = true;
  if (end_ == StreamEnd::open || end_ == StreamEnd::interrupted) end_ = StreamEnd::closed;
}

}  // namespace

std::unique_ptr<Stream> make_socket_stream(asio::io_context& io, FileDescriptor socket,
                                           std::shared_ptr<const TlsContext> tls,
                                           std::shared_ptr<const ExpectedServer> expected) {
  auto& share = asio::use_service<ThreadShare>(io);
  return std::make_unique<SocketStream>(io, share, std::move(socket), std::move(tls),
                                        std::move(expected));
}

}  // namespace postern::net

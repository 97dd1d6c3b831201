#include "net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/log.h"

namespace postern::net {

namespace asio = boost::asio;

namespace {

/// Shared by whoever accepts, exclusive while one gives up its spare descriptor: another thread's
/// new connection could take the spare, and the queue of the one who lost it would never be told.
std::shared_mutex& spares() {
  static std::shared_mutex mutex;
  return mutex;
}

}  // namespace

/// Kept alive by its own waiting handlers; stop() ends them.
class Listener::Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(asio::io_context& io, BoundSocket socket, Handler handler, Apology apology)
      : endpoint_(std::move(socket.endpoint)),
        events_(io, socket.socket.get()),
        pause_(io),
        handler_(std::move(handler)),
        apology_(std::move(apology)) {
    socket.socket.release();
    hold_spare();
  }

  void wait();
  void stop();
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  /// Connections accepted in a row before others of the thread have their turn.
  static constexpr int max_in_a_row = 16;
  static constexpr auto pause_time = std::chrono::milliseconds(500);
  static constexpr auto log_interval = std::chrono::minutes(1);

  enum class Next { accept_more, wait, pause };

  Next accept_one();
  void hand_over(FileDescriptor socket, const SocketAddress& peer);
  void turn_away();
  void hold_spare();
  void pause();
  void complain(const char* why);

  const Endpoint endpoint_;
  asio::posix::stream_descriptor events_;
  asio::steady_timer pause_;
  Handler handler_;
  Apology apology_;
  bool stopped_ = false;
  // When descriptors run out, this one is given up for the connection that is turned away.
  FileDescriptor spare_;
  std::chrono::steady_clock::time_point complained_{};
};

void Listener::Acceptor::wait() {
  events_.async_wait(asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       Next next = Next::accept_more;
                       for (int i = 0; i < max_in_a_row && next == Next::accept_more; ++i) {
                         if (self->stopped_) return;
                         next = self->accept_one();
                       }
                       if (self->stopped_) return;
                       if (next == Next::pause) {
                         self->pause();
                       } else {
                         self->wait();
                       }
                     });
}

void Listener::Acceptor::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  events_.close(ignored);
  pause_.cancel();
  if (endpoint_.is_unix()) ::unlink(endpoint_.path.c_str());
}

Listener::Acceptor::Next Listener::Acceptor::accept_one() {
  SocketAddress peer;
  FileDescriptor socket;
  int error = 0;
  {
    const std::shared_lock lock(spares());
    socket = FileDescriptor(
        ::accept4(events_.native_handle(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    error = errno;
  }
  if (socket) {
    hand_over(std::move(socket), peer);
    return Next::accept_more;
  }
  switch (error) {
    case EAGAIN:
      return Next::wait;
    // Descriptors are gone. A client that waited in the queue would not even know that it is not
    // being served; one that is turned away tries again, perhaps at another MX.
    case EMFILE:
    case ENFILE:
      complain(std::strerror(error));
      turn_away();
      return Next::pause;
    case ENOBUFS:
    case ENOMEM:
      complain(std::strerror(error));
      return Next::pause;
    // accept(2), "Error handling": the connection died in the queue, or a firewall forbade it.
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      return Next::accept_more;
    default:
      complain(std::strerror(error));
      return Next::pause;
  }
}

void Listener::Acceptor::hand_over(FileDescriptor socket, const SocketAddress& peer) {
  Accepted accepted;
  if (endpoint_.is_unix()) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      accepted.peer_user = credentials.uid;
    }
    accepted.local = endpoint_;
  } else {
    accepted.peer = peer.to_endpoint();
    SocketAddress local;
    if (::getsockname(socket.get(), local.get(), &local.length) == 0) {
      accepted.local = local.to_endpoint();
    }
  }
  accepted.socket = std::move(socket);
  try {
    handler_(std::move(accepted));
  } catch (const std::exception& e) {  // bad_alloc, or the reactor is full: only this one is lost
    complain(e.what());
  }
}

/// As many as wait, up to a bound: with one in every pause the queue would only grow.
void Listener::Acceptor::turn_away() {
  const std::lock_guard lock(spares());
  for (int i = 0; i < max_in_a_row && spare_; ++i) {
    spare_.reset();
    FileDescriptor client(
        ::accept4(events_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) break;
    // Fits an empty socket's buffer; a client that is gone already needs none.
    const std::string words = apology_ ? apology_() : "";
    if (!words.empty()) ::send(client.get(), words.data(), words.size(), MSG_NOSIGNAL);
    client.reset();
    hold_spare();
  }
  hold_spare();
}

void Listener::Acceptor::hold_spare() {
  if (!spare_) spare_ = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void Listener::Acceptor::pause() {
  pause_.expires_after(pause_time);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    if (self->stopped_) return;
    // A file or a next hop may have been faster to take the descriptor.
    self->hold_spare();
    self->wait();
  });
}

void Listener::Acceptor::complain(const char* why) {
  const auto present = std::chrono::steady_clock::now();
  if (complained_ != std::chrono::steady_clock::time_point{} &&
      present - complained_ < log_interval) {
    return;
  }
  complained_ = present;
  log_error("accept_failed", {{"listener", endpoint_.to_string()}, {"reason", why}});
}

Listener::Listener(asio::io_context& io, BoundSocket socket, Handler handler, Apology apology)
    : acceptor_(std::make_shared<Acceptor>(io, std::move(socket), std::move(handler),
                                           std::move(apology))) {
  acceptor_->wait();
}

Listener::~Listener() {
  acceptor_->stop();
}

const Endpoint& Listener::endpoint() const {
  return acceptor_->endpoint();
}

}  // namespace postern::net

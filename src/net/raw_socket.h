// A non-blocking socket with nothing above it: what a plain stream uses itself and a TLS session
// uses through OpenSSL. Every call returns at once and says what to wait for. The descriptor
// belongs to someone else (the stream's reactor object).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace postern::net {

enum class IoStatus {
  done,        ///< `bytes` were moved, at least one
  want_read,   ///< try again when the socket is readable
  want_write,  ///< try again when it is writable
  closed,      ///< the peer has ended its side
  failed       ///< the connection is broken
};

struct IoResult {
  IoStatus status;
  std::size_t bytes = 0;
};

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}

  int fd() const { return fd_; }
  IoResult receive(std::span<char> buffer);
  IoResult send(std::string_view bytes);
  /// The next receive() returns these first.
  void unread(std::string_view bytes) { returned_ = bytes; }

  /// Is the other side closed, or the connection broken? Bytes that wait here stay.
  bool peer_has_closed() const;
  /// Can nothing come or go any more: reset, or closed by both?
  bool is_broken() const;
  bool has_input() const;
  /// Bytes sent that the peer's system has not acknowledged.
  std::size_t unacknowledged() const;
  /// Tells the peer that nothing more will come.
  void end_output();
  /// The descriptor is about to be closed.
  void forget() { fd_ = -1; }

 private:
  bool has_event(short events) const;

  int fd_;
  std::string returned_;
};

}  // namespace postern::net

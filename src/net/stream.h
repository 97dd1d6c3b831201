// A connection as everything above net/ sees it: plain or TLS, over TCP, a Unix socket, or
// made of strings in a test (net/string_stream.h).
//
// Deadlines are part of the stream, not of each operation: `set_deadline` holds until it is
// set again, and a coarse per-thread clock (about 4 ticks a second) ends what is overdue.
// After any end but `interrupted` nothing more can be read; a last reply may still be written,
// within a short grace time. After `interrupted` the next read() goes on where it was.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::net {

using boost::asio::awaitable;

/// A client certificate whose full chain ends at a trusted anchor.
struct PeerCertificate {
  /// CN of the subject and all DNS names of SAN: lower case, without doubles; `*.example.com` as
  /// is.
  std::vector<std::string> names;
  std::string subject;
  std::string issuer;
  /// SHA-256 of the DER form, lower-case hexadecimal.
  std::string fingerprint;
  Time not_after;
};

struct TlsFacts {
  std::string version;      ///< `TLSv1.3`
  std::string cipher;       ///< `TLS_AES_256_GCM_SHA384`
  std::string server_name;  ///< SNI, lower case; empty if the client sent none
  bool resumed = false;
  /// Null when the client sent no certificate or one that cannot be trusted.
  std::shared_ptr<const PeerCertificate> certificate;
  /// Why a certificate that was sent does not count: `self-signed certificate`; else empty.
  std::string certificate_problem;
};

enum class StreamEnd {
  open,         ///< not ended
  closed,       ///< the peer closed its side
  timed_out,    ///< the deadline passed
  interrupted,  ///< interrupt() was called: the server is going down
  failed        ///< reset, or TLS broke
};

class Stream {
 public:
  virtual ~Stream() = default;

  /// What has arrived, at least one byte; empty when the stream has ended, see end(). The view
  /// is of a buffer that the thread shares: it is valid until the caller next suspends.
  virtual awaitable<std::string_view> read() = 0;

  /// Gives back the end of what read() returned: the next read() returns it first. For whoever
  /// reads ahead of the session (PROXY protocol). `bytes` is copied; one such piece at a time,
  /// and only before TLS.
  virtual void unread(std::string_view bytes) = 0;

  /// Sends all of it. False: the stream has ended. `bytes` must stay valid meanwhile.
  virtual awaitable<bool> write(std::string_view bytes) = 0;

  /// The server's side of a TLS handshake (or the client's, for a stream that was connected).
  /// Bytes that were read before and belong to nobody must have been refused by the caller.
  virtual awaitable<Result<TlsFacts>> start_tls() = 0;

  virtual void set_deadline(std::chrono::steady_clock::duration from_now) = 0;
  virtual StreamEnd end() const = 0;

  /// Whom we are connected to; nothing for Unix sockets and for streams made of strings.
  virtual std::optional<IpAddress> peer_address() const { return std::nullopt; }
  /// Has the peer closed its sending side, or is the connection broken? Reads nothing.
  virtual bool peer_has_closed() = 0;
  /// After a last write: waits, at most `limit`, until the peer's system has acknowledged all we
  /// sent. False: it is gone, and may never have seen it.
  virtual awaitable<bool> drained(std::chrono::steady_clock::duration limit) = 0;

  /// Makes a read that waits return at once with StreamEnd::interrupted; if none waits, the next
  /// one. Ends a TLS handshake, but no write. For the stream's own thread.
  virtual void interrupt() = 0;

  /// Ends the connection in good order: what was written is sent, the peer's last bytes are
  /// drained for a bounded time, so that our last reply is not lost in a reset.
  virtual awaitable<void> close() = 0;
};

}  // namespace postern::net

// One TLS connection over a RawSocket. As with the socket itself, every call returns at once and
// says what to wait for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/expected_server.h"
#include "net/openssl_handles.h"
#include "net/raw_socket.h"
#include "net/stream.h"
#include "net/tls_context.h"

namespace postern::net {

class TlsSession {
 public:
  /// `socket` outlives the session. `expected` is for a client and read here; null: whoever
  /// answers.
  TlsSession(std::shared_ptr<const TlsContext> context, RawSocket& socket,
             const ExpectedServer* expected);

  /// `done` when the handshake is complete. After `failed`, problem() says why.
  IoResult handshake();
  IoResult receive(std::span<char> buffer);
  IoResult send(std::string_view bytes);
  /// Has the peer sent its final alert, or broken the protocol? Consumes no data.
  bool peer_has_closed();
  /// Sends our final alert, if that can be done at once and still makes sense.
  void end_output();

  const std::string& problem() const { return problem_; }
  TlsFacts facts(Time now) const;

 private:
  void expect(const ExpectedServer& server);
  IoResult result_of(int returned, std::size_t bytes);

  std::shared_ptr<const TlsContext> context_;
  SslHandle ssl_;
  std::string problem_;
  bool broken_ = false;  // OpenSSL forbids any further call then
};

}  // namespace postern::net

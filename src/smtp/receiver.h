// What an SMTP session asks of the rest of the edge. The session speaks the protocol; who may
// send what to whom, and what becomes of a message, is decided behind these two interfaces.
// The same interfaces serve the milter, and tests give a session a small receiver of their own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"
#include "mail/mailbox.h"
#include "mail/reply.h"
#include "net/stream.h"

namespace postern::smtp {

using boost::asio::awaitable;
using mail::Reply;

/// What is known of the client so far. Lives as long as the session.
struct SessionFacts {
  std::string id;  ///< 16 hexadecimal digits: in replies, logs and the trace
  Time connected;
  IpAddress client;  ///< after the PROXY protocol, if that was spoken
  std::uint16_t client_port = 0;
  IpAddress server;  ///< our end of the connection
  std::uint16_t server_port = 0;
  std::string hello;      ///< argument of EHLO or HELO as sent; empty before
  bool extended = false;  ///< EHLO, not HELO
  std::optional<net::TlsFacts> tls;
};

/// RFC 6152, RFC 3030.
enum class BodyType { seven_bit, eight_bit_mime, binary_mime };

struct MailParameters {
  std::optional<std::uint64_t> size;  ///< RFC 1870, octets
  BodyType body = BodyType::seven_bit;
  bool smtp_utf8 = false;    ///< RFC 6531
  bool require_tls = false;  ///< RFC 8689: TLS that proves itself, all the way
  std::string ret;           ///< RFC 3461: FULL, HDRS or empty
  std::string envelope_id;   ///< RFC 3461 ENVID, xtext as sent
};

struct RcptParameters {
  std::string notify;              ///< RFC 3461, as sent
  std::string original_recipient;  ///< RFC 3461 ORCPT, as sent
};

/// One mail transaction (RFC 5321 section 3.3). Destroying it before `finish` aborts it: RSET,
/// QUIT, a lost connection.
class Transaction {
 public:
  virtual ~Transaction() = default;

  /// RCPT. A 2xx reply means that the recipient is accepted.
  virtual awaitable<Reply> add_recipient(const mail::Mailbox& forward_path,
                                         const RcptParameters& parameters) = 0;

  /// DATA or the first BDAT, with at least one accepted recipient. A reply refuses the message
  /// before its content; nothing lets it come.
  virtual awaitable<std::optional<Reply>> begin_content() = 0;

  /// A piece of the message as it was before dot-stuffing, lines ended by CRLF (with BINARYMIME
  /// anything). `bytes` is a view of what the thread has read: take or copy it before suspending.
  /// Trouble is remembered and told by finish.
  virtual awaitable<void> write(std::string_view bytes) = 0;

  /// The session itself has refused the content with `reply` (too large, a bare LF, a line too
  /// long); neither write nor finish is called any more. For the trace; destruction follows.
  virtual void content_refused(const Reply& reply) { static_cast<void>(reply); }

  /// The final dot or BDAT LAST. The reply is for the client; 2xx means that the message is safe.
  virtual awaitable<Reply> finish() = 0;

  /// After the reply of `finish` was sent: did the client's system get it? A false lets the
  /// receiver recognise the same message when it is sent again.
  virtual awaitable<void> replied(bool client_got_it) = 0;
};

/// What EHLO offers beyond what every session has.
struct Offers {
  std::uint64_t max_message_size = 0;
  bool binary_mime = false;
  bool dsn = false;
  bool require_tls = false;  ///< only under TLS
};

class Receiver {
 public:
  virtual ~Receiver() = default;

  /// EHLO or HELO was accepted, or TLS has started: `facts` have changed.
  virtual Offers greeted(const SessionFacts& facts) = 0;

  /// MAIL. An unexpected Reply refuses it.
  virtual awaitable<std::expected<std::unique_ptr<Transaction>, Reply>> begin(
      const SessionFacts& facts, const mail::Mailbox& reverse_path,
      const MailParameters& parameters) = 0;

  /// Every reply that was given, for counting: `verb` is upper case, `OTHER` for what is no
  /// command here, or empty where no command was answered: the banner, the end of data, the
  /// session's own ending.
  virtual void replied(std::string_view verb, const Reply& reply) = 0;
};

}  // namespace postern::smtp

// One connection to a next hop that speaks SMTP (RFC 5321) or LMTP (RFC 2033).
//
//   client  LHLO mx.contoso.test                    once per connection
//   client  MAIL … RCPT … RCPT … DATA               one write, where PIPELINING is offered
//   server  250    250    550    354
//   client  content and the final dot               one write, if it is small
//   server  250                                     LMTP: one reply for each accepted RCPT
//
// Until the write that holds the final dot begins, a broken connection means that the hop does
// not have the message. From then on, only its reply tells.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/smtp_reply.h"
#include "mail/reply.h"
#include "net/blocking_pool.h"
#include "net/stream.h"

namespace postern::delivery {

enum class Dialect { smtp, lmtp };
using Deadline = std::chrono::steady_clock::time_point;

/// What the server offered. Limits of other extensions do not matter to us.
struct Capabilities {
  bool pipelining = false;      ///< RFC 2920
  bool eight_bit_mime = false;  ///< RFC 6152
  bool smtp_utf8 = false;       ///< RFC 6531
  bool size = false;            ///< RFC 1870
  /// Octets of the largest message; nothing: no limit was told.
  std::optional<std::uint64_t> size_limit;
  bool dsn = false;          ///< RFC 3461
  bool require_tls = false;  ///< RFC 8689
  bool start_tls = false;    ///< RFC 3207
  /// What XCLIENT may tell, upper case; nothing: it is not offered.
  std::optional<std::vector<std::string>> xclient;

  bool operator==(const Capabilities&) const = default;
};

/// From the reply to EHLO or LHLO.
Capabilities parse_capabilities(const ServerReply& reply);

/// Why a connection cannot be used any more.
struct HopTrouble {
  /// Goes on after the hop's name: `closed the connection`.
  std::string what;
  /// The server had answered within this exchange: it was not merely a connection that had
  /// died while it was idle.
  bool heard = false;
  /// It is ours, not the server's: nothing is said by it about the hop.
  bool is_ours = false;
};

template <class T>
using HopResult = std::expected<T, HopTrouble>;

/// `MAIL FROM:<…>` with those parameters that the message needs and the server offers. A body of
/// eight bits goes to a server without 8BITMIME as it is: every server in use takes it, and
/// converting it would break signatures. `size`: as far as it is known.
std::string mail_command(const Envelope& envelope, std::optional<std::uint64_t> size,
                         const Capabilities& offered);

/// A recipient as a hop is told it.
struct HopRecipient {
  std::string forward_path;
  std::string notify;              ///< RFC 3461, as for the next
  std::string original_recipient;  ///< ORCPT
  /// What `notify` asks for must not be dropped: the hop has to offer DSN.
  bool needs_dsn = false;

  bool operator==(const HopRecipient&) const = default;
};

/// `RCPT TO:<…>` with the parameters that the server offers to take.
std::string rcpt_command(const HopRecipient& recipient, const Capabilities& offered);

class SmtpClient {
 public:
  SmtpClient(std::unique_ptr<net::Stream> stream, Dialect dialect);

  /// Banner and EHLO or LHLO; an old SMTP server that knows no EHLO gets HELO.
  awaitable<std::optional<HopTrouble>> greet(std::string own_name, Deadline deadline);
  /// STARTTLS, the handshake, and EHLO anew. If the server only refuses, the connection goes on
  /// in clear text: see is_reusable.
  awaitable<std::optional<HopTrouble>> start_tls(std::string own_name, Deadline deadline);
  /// XCLIENT, and EHLO in the client's name. Any time between transactions.
  awaitable<std::optional<HopTrouble>> introduce(const Introduction& introduction,
                                                 std::string own_name, Deadline deadline);
  const Capabilities& capabilities() const { return capabilities_; }
  /// The server's; empty on a Unix socket.
  const std::string& address() const { return address_; }
  /// `TLSv1.3`; empty: in clear text.
  const std::string& tls_version() const { return tls_version_; }

  struct Begun {
    mail::Reply mail;
    std::vector<mail::Reply> recipients;
    mail::Reply data;  ///< only with Then::data

    bool has_recipient() const;
  };
  enum class Then { wait, data };
  /// MAIL, all RCPTs and perhaps DATA; a transaction that was left open is reset before.
  awaitable<HopResult<Begun>> begin(std::string mail_command,
                                    std::vector<std::string> rcpt_commands, Then then,
                                    Deadline deadline);
  /// One more RCPT of the open transaction.
  awaitable<HopResult<mail::Reply>> add_recipient(std::string rcpt_command, Deadline deadline);
  awaitable<HopResult<mail::Reply>> data(Deadline deadline);

  struct Sent {
    /// One, or for LMTP one for each recipient that RCPT had accepted; fewer if there was trouble.
    std::vector<mail::Reply> replies;
    std::optional<HopTrouble> trouble;
    /// The content has a bare CR or LF: it was not sent to its end, nor will it ever be.
    bool spoiled = false;
  };
  /// After 354. The final dot must be out before `deadline`; then the server has `limit_after` to
  /// reply.
  awaitable<Sent> send_content(const Content& content, const Edit& edit, net::BlockingPool& pool,
                               Deadline deadline, std::chrono::steady_clock::duration limit_after);

  /// No trouble, and both sides agree that a command is next.
  bool is_reusable() const { return !broken_ && pending_.empty() && !parser_.in_reply(); }
  bool peer_has_closed() { return stream_->peer_has_closed(); }
  /// Takes leave, if there is someone to take leave of, and closes.
  awaitable<void> quit();

 private:
  awaitable<std::optional<HopTrouble>> hello(std::string own_name, Deadline deadline);
  awaitable<HopResult<mail::Reply>> command(std::string line, Deadline deadline);
  awaitable<HopResult<std::vector<mail::Reply>>> exchange(std::vector<std::string> commands,
                                                          Deadline deadline);
  awaitable<std::optional<HopTrouble>> read_reply();
  void set_deadline(Deadline deadline);
  HopTrouble ended();
  HopTrouble broken(std::string what);

  std::unique_ptr<net::Stream> stream_;
  const Dialect dialect_;
  const std::string address_;
  Capabilities capabilities_;
  std::string tls_version_;
  ReplyParser parser_;
  std::string pending_;               ///< came after the last reply that we took
  std::size_t accepted_ = 0;          ///< recipients of the open transaction
  bool transaction_is_open_ = false;  ///< MAIL was said, and no final reply came
  bool broken_ = false;
};

}  // namespace postern::delivery

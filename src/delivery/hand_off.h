// Handing one message on to its next hops, so that 250 after the final dot is only said when
// the mail is safe elsewhere.
//
//   auto hand_off = courier.begin(envelope);
//   if (auto refusal = co_await hand_off->add_recipient(recipient)) …   // at RCPT
//   const Outcome outcome = co_await hand_off->deliver(content, edit);  // after the final dot
//   … outcome.reply is what the client is told …
//   co_await hand_off->replied(client_got_it);
//
// What happens when recipients end differently is in DESIGN's "Hand-off" and in outcome.h.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "delivery/content.h"
#include "delivery/next_hop.h"
#include "mail/mailbox.h"
#include "mail/reply.h"

namespace postern::delivery {

using boost::asio::awaitable;

struct Envelope {
  mail::Mailbox reverse_path;
  IpAddress client;
  std::string session;     ///< for logs
  bool smtp_utf8 = false;  ///< the client said SMTPUTF8: hops without it get 5.6.7
  bool eight_bit_mime = false;
};

struct Recipient {
  mail::Mailbox forward_path;  ///< as the client gave it: what an SMTP or LMTP hop is told
  std::string address;         ///< canonical: lower case, alias and detail resolved: `%u@%d` of Maildir
  std::string detail;
  NextHop next_hop;
};

/// What is delivered instead of the bytes that arrived: `prepend` (whole header fields, each
/// ended by CRLF), then the content without the ranges in `removed` (ascending, disjoint).
struct Edit {
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::string prepend;
  std::vector<Range> removed;
};

enum class Fate { delivered, deferred, refused, quarantined };

struct RecipientOutcome {
  std::string forward_path;
  Fate fate = Fate::deferred;
  mail::Reply reply;  ///< the hop's own words, or ours where we spoke for it
};

struct Outcome {
  mail::Reply reply;  ///< for the client
  std::vector<RecipientOutcome> recipients;  ///< in the order of add_recipient
};

class HandOff {
 public:
  virtual ~HandOff() = default;

  /// Towards an SMTP hop the RCPT is passed on now; its refusal is returned, and the recipient
  /// does not belong to the message. Nothing: fine so far.
  virtual awaitable<std::optional<mail::Reply>> add_recipient(Recipient recipient) = 0;

  virtual awaitable<Outcome> deliver(const Content& content, const Edit& edit) = 0;

  /// Did the client's system get our reply? If a message was safe and the client never heard of
  /// it, the ledger remembers, and its retry reaches nobody twice.
  virtual awaitable<void> replied(bool client_got_it) = 0;
};

class Courier {
 public:
  virtual ~Courier() = default;
  virtual std::unique_ptr<HandOff> begin(Envelope envelope) = 0;
};

}  // namespace postern::delivery

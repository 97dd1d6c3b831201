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

#include "delivery/content.h"
#include "delivery/edited.h"
#include "delivery/envelope.h"
#include "delivery/outcome.h"
#include "delivery/treatment.h"
#include "mail/reply.h"

namespace postern::delivery {

using boost::asio::awaitable;

class HandOff {
 public:
  virtual ~HandOff() = default;

  /// Towards an SMTP hop the RCPT is passed on now; its refusal is returned with who said so, and
  /// the recipient does not belong to the message. Nothing: fine so far.
  virtual awaitable<std::optional<RecipientOutcome>> add_recipient(Recipient recipient) = 0;

  /// False: `deliver` never looks at the content, which may then be an empty one.
  virtual bool needs_content() const { return true; }

  /// Before `deliver`, where not all recipients just get the message.
  virtual void treat(Treatments treatments) = 0;

  virtual awaitable<Outcome> deliver(const Content& content, const Edit& edit) = 0;

  /// Did the client's system get our reply? If a message was safe and the client never heard of
  /// it, the ledger remembers, and its retry reaches nobody twice.
  virtual awaitable<void> replied(bool client_got_it) = 0;
};

class Courier {
 public:
  virtual ~Courier() = default;
  virtual std::unique_ptr<HandOff> begin(Envelope envelope) = 0;
  /// Where mail goes to domains that nobody here accepts. Nothing: nowhere.
  virtual std::optional<NextHop> relay() const = 0;
  /// Is it known that this relay does not offer DSN (RFC 3461)?
  virtual bool lacks_dsn(const NextHop& relay) const = 0;
};

}  // namespace postern::delivery

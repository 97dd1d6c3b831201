// The edge behind one milter connection: the judgement of the SMTP edge, to the letter, since it
// is the same EdgeTransaction. Only what follows the judgement differs. The next hop of a message
// is the MTA that asked; to hand it on is to say how its header section changes, and whether the
// MTA is to hold it.
#pragma once

#include <optional>

#include "edge/receiver.h"
#include "milter/receiver.h"

namespace postern::edge {

/// Takes every recipient, and keeps what is to be done with the message that was delivered last.
class MtaCourier final : public delivery::Courier {
 public:
  std::unique_ptr<delivery::HandOff> begin(delivery::Envelope envelope) override;
  /// The MTA itself, whatever our configuration says.
  std::optional<delivery::NextHop> relay() const override { return delivery::NextHop(); }
  bool lacks_dsn(const delivery::NextHop&) const override { return false; }
  /// Can the MTA keep a message for its administrator?
  void set_can_hold(bool can_hold) { can_hold_ = can_hold; }
  const delivery::Edit& edit() const { return edit_; }
  const std::string& hold_reason() const { return hold_reason_; }

 private:
  class MtaHandOff;
  bool can_hold_ = false;
  delivery::Edit edit_;
  std::string hold_reason_;
};

class MilterReceiver final : public milter::Receiver {
 public:
  MilterReceiver(const Services& services, SharedSettings settings);

  void connected(const smtp::SessionFacts& facts, bool can_hold) override;
  const delivery::Edit& edit() const override { return courier_.edit(); }
  std::string_view hold_reason() const override { return courier_.hold_reason(); }
  smtp::Offers greeted(const smtp::SessionFacts& facts) override;
  smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> begin(
      const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
      const smtp::MailParameters& parameters) override;
  void replied(std::string_view verb, const mail::Reply& reply) override;

 private:
  MtaCourier courier_;
  Services services_;  ///< the thread's, but for the courier
  const SharedSettings settings_;
  /// Of the client that the MTA has now.
  std::optional<EdgeReceiver> edge_;
};

}  // namespace postern::edge

// The edge behind one SMTP session: begins transactions, counts replies, and asks about the client
// what holds for all of them.
#pragma once

#include <memory>

#include "edge/sender_checks.h"
#include "edge/services.h"
#include "edge/settings.h"
#include "smtp/receiver.h"

namespace postern::edge {

class EdgeReceiver final : public smtp::Receiver {
 public:
  EdgeReceiver(Services& services, SharedSettings settings)
      : services_(services), settings_(std::move(settings)) {}

  smtp::Offers greeted(const smtp::SessionFacts& facts) override;
  smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>> begin(
      const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
      const smtp::MailParameters& parameters) override;
  void replied(std::string_view verb, const mail::Reply& reply) override;

 private:
  bool may_ask_for_dsn(const smtp::SessionFacts& facts) const;

  Services& services_;
  const SharedSettings settings_;
  bool welcomed_ = false;
  /// Asked about with the first MAIL: many a client never gets there.
  ClientChecks checks_;
};

}  // namespace postern::edge

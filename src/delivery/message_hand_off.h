// One message between its first RCPT and the moment its client has our reply. See hand_off.h for
// what is promised, courier.cpp for who makes these, and message_notices.cpp for what is done about
// refused recipients.
//
//   add_recipient   SMTP hops are asked at once; the others only note the recipient
//   deliver         wait for an identical message that is under way      [InFlight]
//                   who has it already?                                   [Ledger]
//                   keep the copies of those whose policy wants that      [QuarantineFolder]
//                   hand it to each next hop, all at the same time
//                   some deferred: note who has it, then 451              [Ledger]
//                   some refused beside others: DSN or quarantine, then 250
//   replied         client unaware of 250: note that all have it          [Ledger]
//                   client aware: forget the message                      [Ledger]
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/courier.h"

namespace postern::delivery {

/// Of those whom the ledger knows to have the message.
inline const mail::Reply has_it_already{250, "2.0.0", "Delivered when this message came before"};

class MessageHandOff final : public HandOff {
 public:
  MessageHandOff(DeliveryServices services, std::shared_ptr<const CourierSettings> settings,
                 std::shared_ptr<HopPool> hops, Envelope envelope);
  ~MessageHandOff() override;

  awaitable<std::optional<RecipientOutcome>> add_recipient(Recipient recipient) override;
  void treat(Treatments treatments) override { treatments_ = std::move(treatments); }
  awaitable<Outcome> deliver(const Content& content, const Edit& edit) override;
  awaitable<void> replied(bool client_got_it) override;

 private:
  /// A recipient and what became of it.
  struct Addressee {
    Recipient recipient;
    /// An earlier recipient that is the same mailbox: shares its one copy and its fate.
    std::optional<std::size_t> same_as;
    std::optional<mail::Reply> reply;
    std::string hop_address;
    bool hop_tells = false;  ///< the hop has taken over what NOTIFY asks for
    Fate fate = Fate::deferred;
  };
  using Indexes = std::vector<std::size_t>;

  std::optional<std::size_t> find_same(const Recipient& recipient) const;
  /// `apart`: not the transaction that was told of the recipients at RCPT.
  HopTransaction& transaction_with(const NextHop& hop, bool apart = false);
  awaitable<void> hand_over(const Content& content, const Edit& edit);
  awaitable<void> to_next_hops(const Content& content, const Edit& edit);
  awaitable<void> to_quarantine(const Content& content, const Edit& edit);
  awaitable<void> to_maildir(Indexes which, const Content& content, const Edit& edit);
  awaitable<void> to_hop(HopTransaction& transaction, Indexes which, const Content& content,
                         const Edit& edit);
  awaitable<bool> take_care_of_refused(const Content& content, const Edit& edit);
  /// Hands the relay a notification. False: it has not taken it.
  awaitable<bool> notify(std::vector<RecipientOutcome> recipients, const Content& content,
                         const Edit& edit);
  awaitable<void> tell_of_success(const Content& content, const Edit& edit);
  const std::optional<NextHop>& relay() const;
  void note_dsn(const HopTransaction& transaction) const;
  awaitable<bool> quarantine(const std::vector<RecipientOutcome>& refused, const Content& content,
                             const Edit& edit);
  awaitable<void> remember(std::vector<std::string> forward_paths);
  std::vector<std::string> those_who_have_it() const;
  RecipientOutcome outcome_of(const Addressee& addressee) const;
  std::vector<RecipientOutcome> outcomes() const;
  void account(const std::vector<RecipientOutcome>& outcomes) const;

  DeliveryServices services_;
  const std::shared_ptr<const CourierSettings> settings_;
  const std::shared_ptr<HopPool> hops_;
  const Envelope envelope_;
  std::vector<Addressee> addressees_;
  Treatments treatments_;
  std::map<std::pair<NextHop, bool>, std::unique_ptr<HopTransaction>> transactions_;

  std::optional<InFlight::Entry> in_flight_;
  store::LedgerKey key_{};
  bool came_again_ = false;      ///< the ledger knew the message
  bool owes_an_answer_ = false;  ///< deliver() said 250, and replied() was not called
};

}  // namespace postern::delivery

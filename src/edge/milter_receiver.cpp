#include "edge/milter_receiver.h"

#include <algorithm>
#include <utility>

#include "mail/lexical.h"

namespace postern::edge {

class MtaCourier::MtaHandOff final : public delivery::HandOff {
 public:
  MtaHandOff(MtaCourier& courier, std::string id) : courier_(courier), id_(std::move(id)) {}

  delivery::awaitable<std::optional<delivery::RecipientOutcome>> add_recipient(
      delivery::Recipient recipient) override {
    forward_paths_.push_back(std::move(recipient.forward_path.text));
    co_return std::nullopt;
  }

  /// The MTA has it.
  bool needs_content() const override { return false; }

  /// The MTA has one copy for all. It holds that copy if nobody may get it; else whoever may not
  /// just get it makes it junk for all.
  void treat(delivery::Treatments treatments) override {
    const auto& recipients = treatments.recipients;
    const auto quarantined = std::ranges::count(recipients, delivery::Treatment::quarantine);
    const auto delivered = std::ranges::count(recipients, delivery::Treatment::deliver);
    const auto all = std::ranges::ssize(recipients);
    if (courier_.can_hold_ && all > 0 && quarantined == all) {
      hold_reason_ = mail::printable(treatments.reason);
    } else {
      is_junk_ = delivered < all;
    }
  }

  delivery::awaitable<delivery::Outcome> deliver(const delivery::Content&,
                                                 const delivery::Edit& edit) override {
    courier_.edit_ = edit;
    if (is_junk_) courier_.edit_.prepend.insert(0, delivery::junk_fields);
    courier_.hold_reason_ = hold_reason_;
    delivery::Outcome outcome{.reply = {250, "2.0.0", "Ok: judged, id " + id_}, .recipients = {}};
    for (std::string& forward_path : forward_paths_) {
      outcome.recipients.push_back(
          {.forward_path = std::move(forward_path),
           .fate = hold_reason_.empty() ? delivery::Fate::delivered : delivery::Fate::quarantined,
           .reply = outcome.reply,
           .next_hop = "milter",
           .hop_address = ""});
    }
    co_return outcome;
  }

  delivery::awaitable<void> replied(bool) override { co_return; }

 private:
  MtaCourier& courier_;
  const std::string id_;
  std::vector<std::string> forward_paths_;
  bool is_junk_ = false;
  std::string hold_reason_;  ///< empty: the MTA may deliver it
};

std::unique_ptr<delivery::HandOff> MtaCourier::begin(delivery::Envelope envelope) {
  return std::make_unique<MtaHandOff>(*this, std::move(envelope.id));
}

MilterReceiver::MilterReceiver(const Services& services, SharedSettings settings)
    : services_{.directory = services.directory,
                .trace = services.trace,
                .spoofs = services.spoofs,
                .metrics = services.metrics,
                .certificates = services.certificates,
                .rates = services.rates,
                .returns = services.returns,
                .contents = services.contents,
                .courier = courier_,
                .asker = services.asker,
                .dkim_keys = services.dkim_keys,
                .spf_records = services.spf_records,
                .settings_texts = services.settings_texts},
      settings_(std::move(settings)) {}

void MilterReceiver::connected(const smtp::SessionFacts&, bool can_hold) {
  courier_.set_can_hold(can_hold);
  edge_.emplace(services_, settings_);
}

smtp::Offers MilterReceiver::greeted(const smtp::SessionFacts& facts) {
  return edge_->greeted(facts);
}

smtp::awaitable<std::expected<std::unique_ptr<smtp::Transaction>, mail::Reply>>
MilterReceiver::begin(const smtp::SessionFacts& facts, const mail::Mailbox& reverse_path,
                      const smtp::MailParameters& parameters) {
  return edge_->begin(facts, reverse_path, parameters);
}

void MilterReceiver::replied(std::string_view verb, const mail::Reply& reply) {
  if (edge_) edge_->replied(verb, reply);
}

}  // namespace postern::edge

#include "delivery/message_hand_off.h"

#include <algorithm>
#include <cassert>

#include "base/ascii.h"
#include "base/log.h"
#include "delivery/dsn.h"
#include "delivery/join.h"

namespace postern::delivery {
namespace {

const mail::Reply still_under_way{
    451, "4.4.5", "The same message from you is being delivered at this moment; try again later"};
const mail::Reply no_recipients{554, "5.5.1", "No valid recipients"};
const mail::Reply kept_here{250, "2.0.0", "Kept in quarantine"};
const mail::Reply cannot_be_kept{451, "4.3.0",
                                 "The message cannot be kept at the moment; try again later"};
const mail::Reply quarantine_full{452, "4.3.1", "Insufficient system storage; try again later"};

/// A relay that knows no DSN would lose what the sender asks for, or answer where it must not; for
/// recipients of our own we do what it cannot.
HopRecipient as_the_hop_is_told(const Recipient& recipient) {
  const std::string& notify = recipient.notify;
  // SMTP hops were told at RCPT, before anybody knew that it is junk.
  const bool is_detailed = recipient.is_junk && recipient.next_hop.kind == NextHop::Kind::lmtp;
  return {.forward_path = is_detailed ? junk_address(recipient) : recipient.forward_path.text,
          .notify = notify,
          .original_recipient = recipient.original_recipient,
          .needs_dsn = recipient.relayed && (wants_successes(notify) || iequals(notify, "NEVER"))};
}

RecipientOutcome refused_at_rcpt(const Recipient& recipient, const mail::Reply& reply,
                                 const std::string& hop_address) {
  return {.forward_path = recipient.forward_path.text,
          .fate = fate_of(reply),
          .reply = reply,
          .next_hop = recipient.next_hop.to_string(),
          .hop_address = hop_address,
          .original_recipient = recipient.original_recipient};
}

}  // namespace

MessageHandOff::MessageHandOff(DeliveryServices services,
                               std::shared_ptr<const CourierSettings> settings,
                               std::shared_ptr<HopPool> hops, Envelope envelope)
    : services_(services),
      settings_(std::move(settings)),
      hops_(std::move(hops)),
      envelope_(std::move(envelope)) {}

MessageHandOff::~MessageHandOff() {
  if (!owes_an_answer_) return;
  // Our side ended between the delivery and the reply: the client did not hear of it. The rows go
  // to the disk with the next ones, or when the ledger is closed.
  services_.ledger.add(key_, those_who_have_it(), now());
}

std::optional<std::size_t> MessageHandOff::find_same(const Recipient& recipient) const {
  for (std::size_t i = 0; i < addressees_.size(); ++i) {
    const Recipient& other = addressees_[i].recipient;
    if (addressees_[i].same_as || other.next_hop != recipient.next_hop) continue;
    // A Maildir mailbox may have many addresses; a hop judges each address for itself.
    const bool same = recipient.next_hop.kind == NextHop::Kind::maildir
                          ? other.address == recipient.address
                          : other.forward_path.text == recipient.forward_path.text;
    if (same) return i;
  }
  return std::nullopt;
}

HopTransaction& MessageHandOff::transaction_with(const NextHop& hop, bool apart) {
  auto& transaction = transactions_[{hop, apart}];
  if (!transaction) {
    transaction = std::make_unique<HopTransaction>(hops_, hop, envelope_, services_.pool,
                                                   settings_->times, services_.counters);
  }
  return *transaction;
}

awaitable<std::optional<RecipientOutcome>> MessageHandOff::add_recipient(Recipient recipient) {
  const auto same = find_same(recipient);
  if (!same && recipient.next_hop.kind == NextHop::Kind::smtp) {
    HopTransaction& transaction = transaction_with(recipient.next_hop);
    auto refusal = co_await transaction.add_recipient(as_the_hop_is_told(recipient));
    note_dsn(transaction);
    if (refusal) co_return refused_at_rcpt(recipient, *refusal, transaction.address());
  }
  Addressee addressee;
  addressee.recipient = std::move(recipient);
  addressee.same_as = same;
  addressees_.push_back(std::move(addressee));
  co_return std::nullopt;
}

awaitable<Outcome> MessageHandOff::deliver(const Content& content, const Edit& edit) {
  if (addressees_.empty()) co_return Outcome{.reply = no_recipients, .recipients = {}};
  key_ = store::ledger_key(envelope_.reverse_path.text, envelope_.client, content.digest());
  const Deadline deadline = std::chrono::steady_clock::now() + settings_->times.before_final_dot;
  auto entry = co_await services_.in_flight.enter(key_, envelope_.client_has_left, deadline,
                                                  services_.counters.waited);
  if (entry) {
    in_flight_.emplace(std::move(*entry));
    co_await hand_over(content, edit);
  } else {
    for (Addressee& addressee : addressees_) addressee.reply = still_under_way;
  }

  Outcome outcome;
  outcome.recipients = outcomes();
  Conclusion conclusion = conclude(outcome.recipients);
  if (conclusion == Conclusion::refused_in_part) {
    const bool done = co_await take_care_of_refused(content, edit);
    conclusion = done ? Conclusion::safe : Conclusion::try_again;
    outcome.recipients = outcomes();
  }
  co_await tell_of_success(content, edit);
  switch (conclusion) {
    case Conclusion::safe:
    case Conclusion::refused_in_part:
      owes_an_answer_ = true;
      outcome.reply = safe_reply(envelope_.id);
      break;
    case Conclusion::try_again:
      co_await remember(those_who_have_it());
      outcome.reply = try_again_reply(outcome.recipients);
      break;
    case Conclusion::refused:
      outcome.reply = refusal_reply(outcome.recipients);
      break;
  }
  account(outcome.recipients);
  co_return outcome;
}

/// Afterwards every addressee has a reply and a fate.
awaitable<void> MessageHandOff::hand_over(const Content& content, const Edit& edit) {
  const std::vector<std::string> have_it = services_.ledger.lookup(key_, now());
  came_again_ = !have_it.empty();

  if (came_again_) {
    for (Addressee& addressee : addressees_) {
      if (std::ranges::find(have_it, addressee.recipient.forward_path.text) == have_it.end())
        continue;
      // One address of a mailbox is enough.
      Addressee& first = addressee.same_as ? addressees_[*addressee.same_as] : addressee;
      first.reply = has_it_already;
      Counters::add(services_.counters.remembered);
    }
  }

  co_await to_quarantine(content, edit);
  co_await to_next_hops(content, edit);

  for (std::size_t i = 0; i < addressees_.size(); ++i) {
    Addressee& addressee = addressees_[i];
    const std::size_t first = addressee.same_as.value_or(i);
    if (addressee.same_as) {
      addressee.reply = addressees_[first].reply;
      addressee.hop_address = addressees_[first].hop_address;
    }
    addressee.fate = fate_of(*addressee.reply);
    const bool is_kept = treatments_.of(first) == Treatment::quarantine;
    if (is_kept && addressee.fate == Fate::delivered) addressee.fate = Fate::quarantined;
  }
}

/// Those for whom nothing has been decided yet.
awaitable<void> MessageHandOff::to_next_hops(const Content& content, const Edit& edit) {
  struct Copies {
    Indexes plain;
    Indexes junk;
  };
  Copies maildir;
  std::map<NextHop, Copies> hops;
  Edit junk;
  for (std::size_t i = 0; i < addressees_.size(); ++i) {
    Addressee& addressee = addressees_[i];
    if (addressee.same_as || addressee.reply) continue;
    const NextHop& hop = addressee.recipient.next_hop;
    Copies& copies = hop.kind == NextHop::Kind::maildir ? maildir : hops[hop];
    const bool is_junk = treatments_.of(i) == Treatment::junk;
    addressee.recipient.is_junk = is_junk;
    (is_junk ? copies.junk : copies.plain).push_back(i);
    if (is_junk && junk.prepend.empty())
      junk = {.prepend = std::string(junk_fields) + edit.prepend, .removed = edit.removed};
  }

  std::vector<awaitable<void>> tasks;
  if (!maildir.plain.empty()) tasks.push_back(to_maildir(std::move(maildir.plain), content, edit));
  if (!maildir.junk.empty()) tasks.push_back(to_maildir(std::move(maildir.junk), content, junk));
  for (auto& [hop, copies] : hops) {
    // Two different copies for one hop are two transactions.
    const bool both = !copies.plain.empty() && !copies.junk.empty();
    if (!copies.plain.empty())
      tasks.push_back(to_hop(transaction_with(hop), std::move(copies.plain), content, edit));
    if (!copies.junk.empty())
      tasks.push_back(to_hop(transaction_with(hop, both), std::move(copies.junk), content, junk));
  }
  co_await join(std::move(tasks));
}

/// One copy for all whose policy says so and who have no reply yet.
awaitable<void> MessageHandOff::to_quarantine(const Content& content, const Edit& edit) {
  Indexes which;
  std::vector<RecipientOutcome> kept_for;
  for (std::size_t i = 0; i < addressees_.size(); ++i) {
    const Addressee& addressee = addressees_[i];
    if (addressee.same_as || addressee.reply || treatments_.of(i) != Treatment::quarantine)
      continue;
    which.push_back(i);
    kept_for.push_back({.forward_path = addressee.recipient.forward_path.text,
                        .fate = Fate::quarantined,
                        .reply = kept_here,
                        .next_hop = addressee.recipient.next_hop.to_string(),
                        .hop_address = {}});
  }
  if (which.empty()) co_return;
  auto kept = co_await services_.quarantine.keep(envelope_, kept_for, treatments_.reason, content,
                                                 edit, now());
  if (!kept) {
    log_error(
        "quarantine",
        {{"session", envelope_.session}, {"id", envelope_.id}, {"error", kept.error().message}});
  }
  const mail::Reply& reply = kept                   ? kept_here
                             : kept.error().is_full ? quarantine_full
                                                    : cannot_be_kept;
  for (const std::size_t i : which) addressees_[i].reply = reply;
}

awaitable<void> MessageHandOff::to_maildir(Indexes which, const Content& content,
                                           const Edit& edit) {
  std::vector<const Recipient*> recipients;
  for (const std::size_t i : which) recipients.push_back(&addressees_[i].recipient);
  auto replies =
      co_await services_.maildir.deliver(envelope_, std::move(recipients), content, edit);
  for (std::size_t n = 0; n < which.size(); ++n)
    addressees_[which[n]].reply = std::move(replies[n]);
}

awaitable<void> MessageHandOff::to_hop(HopTransaction& transaction, Indexes which,
                                       const Content& content, const Edit& edit) {
  std::vector<HopRecipient> recipients;
  for (const std::size_t i : which)
    recipients.push_back(as_the_hop_is_told(addressees_[i].recipient));
  auto replies = co_await transaction.deliver(std::move(recipients), content, edit);
  note_dsn(transaction);
  for (std::size_t n = 0; n < which.size(); ++n) {
    Addressee& addressee = addressees_[which[n]];
    addressee.reply = std::move(replies[n]);
    addressee.hop_address = transaction.address();
    addressee.hop_tells = transaction.offers_dsn().value_or(false);
  }
}

void MessageHandOff::note_dsn(const HopTransaction& transaction) const {
  if (transaction.offers_dsn())
    services_.health.note_dsn(transaction.hop(), *transaction.offers_dsn());
}

std::vector<std::string> MessageHandOff::those_who_have_it() const {
  std::vector<std::string> paths;
  for (const Addressee& addressee : addressees_) {
    if (owes_an_answer_ || addressee.fate == Fate::delivered || addressee.fate == Fate::quarantined)
      paths.push_back(addressee.recipient.forward_path.text);
  }
  return paths;
}

/// Whatever happens here, the client hears what it would have heard: a duplicate beats a loss.
awaitable<void> MessageHandOff::remember(std::vector<std::string> forward_paths) {
  if (forward_paths.empty()) co_return;
  const auto pending = services_.ledger.add(key_, std::move(forward_paths), now());
  auto write = [ledger = &services_.ledger, pending] { return ledger->write(pending); };
  auto written = co_await services_.pool.run(std::move(write));
  if (written && *written) co_return;
  Counters::add(services_.counters.ledger_failures);
  log_error("ledger", {{"session", envelope_.session},
                       {"id", envelope_.id},
                       {"error", written ? written->error().message
                                         : "too much waits for the disk already"}});
}

awaitable<void> MessageHandOff::replied(bool client_got_it) {
  if (owes_an_answer_ && !client_got_it) {
    log_warning("client_left", {{"session", envelope_.session}, {"id", envelope_.id}});
    co_await remember(those_who_have_it());
  } else if (owes_an_answer_ && came_again_) {
    const auto pending = services_.ledger.forget(key_, those_who_have_it());
    auto write = [ledger = &services_.ledger, pending] { return ledger->write(pending); };
    auto written = co_await services_.pool.run(std::move(write));
    if (!written || !*written) Counters::add(services_.counters.ledger_failures);
  }
  owes_an_answer_ = false;
  in_flight_.reset();
}

RecipientOutcome MessageHandOff::outcome_of(const Addressee& addressee) const {
  return {.forward_path = addressee.recipient.forward_path.text,
          .fate = addressee.fate,
          .reply = *addressee.reply,
          .next_hop = addressee.recipient.next_hop.to_string(),
          .hop_address = addressee.hop_address,
          .original_recipient = addressee.recipient.original_recipient};
}

std::vector<RecipientOutcome> MessageHandOff::outcomes() const {
  std::vector<RecipientOutcome> result;
  for (const Addressee& addressee : addressees_) result.push_back(outcome_of(addressee));
  return result;
}

void MessageHandOff::account(const std::vector<RecipientOutcome>& all) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const RecipientOutcome& one = all[i];
    Counters& counters = services_.counters;
    switch (one.fate) {
      case Fate::delivered:
        Counters::add(counters.delivered);
        continue;
      case Fate::deferred:
        Counters::add(counters.deferred);
        break;
      case Fate::refused:
        Counters::add(counters.refused);
        break;
      case Fate::quarantined:
        // By policy: that is no trouble.
        if (treatments_.of(i) == Treatment::quarantine) continue;
        Counters::add(counters.quarantined);
        break;
    }
    log_warning("not_delivered", {{"session", envelope_.session},
                                  {"id", envelope_.id},
                                  {"forward_path", one.forward_path},
                                  {"next_hop", one.next_hop},
                                  {"reply", one.reply.to_line()}});
  }
}

}  // namespace postern::delivery

// What is done for the recipients whose next hop refused a message that others have: the sender
// hears of them by a DSN that the relay takes (RFC 3464), or their copy is kept in quarantine. And
// who asked for it is told of success (RFC 3461).
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "delivery/dsn.h"
#include "delivery/message_hand_off.h"

namespace postern::delivery {
namespace {

const mail::Reply not_taken_care_of{
    451, "4.3.0", "Refused by its next hop, and the refusal cannot be dealt with at the moment"};

}  // namespace

/// Of this organization, or of all.
const std::optional<NextHop>& MessageHandOff::relay() const {
  return envelope_.relay ? envelope_.relay : settings_->relay;
}

/// Some are refused for good and the others are safe. False: it has to come again.
awaitable<bool> MessageHandOff::take_care_of_refused(const Content& content, const Edit& edit) {
  std::vector<RecipientOutcome> refused = outcomes();
  std::erase_if(refused, [](const RecipientOutcome& one) { return one.fate != Fate::refused; });

  // RFC 5321 section 6.1: nothing is sent to the null reverse-path.
  bool told = false;
  if (relay() && !envelope_.reverse_path.is_null()) {
    // RFC 3461 section 4.1: who asked not to be told is not told.
    std::vector<RecipientOutcome> to_tell;
    for (const Addressee& addressee : addressees_) {
      if (addressee.fate == Fate::refused && wants_failures(addressee.recipient.notify))
        to_tell.push_back(outcome_of(addressee));
    }
    told = to_tell.empty();
    if (!told) told = co_await notify(std::move(to_tell), content, edit);
  }
  if (told) co_return true;
  const bool kept = co_await quarantine(refused, content, edit);
  for (Addressee& addressee : addressees_) {
    if (addressee.fate != Fate::refused) continue;
    addressee.fate = kept ? Fate::quarantined : Fate::deferred;
    if (!kept) addressee.reply = not_taken_care_of;
  }
  co_return kept;
}

/// The message is safe whatever comes of this: a notification that is lost is one in the log.
awaitable<void> MessageHandOff::tell_of_success(const Content& content, const Edit& edit) {
  if (!relay() || envelope_.reverse_path.is_null()) co_return;
  std::vector<RecipientOutcome> to_tell;
  for (const Addressee& addressee : addressees_) {
    // Who had the message when it came before, was told of then.
    const bool is_new = addressee.fate == Fate::delivered && *addressee.reply != has_it_already;
    if (is_new && !addressee.hop_tells && wants_successes(addressee.recipient.notify))
      to_tell.push_back(outcome_of(addressee));
  }
  if (!to_tell.empty()) co_await notify(std::move(to_tell), content, edit);
}

awaitable<bool> MessageHandOff::notify(std::vector<RecipientOutcome> recipients,
                                       const Content& content, const Edit& edit) {
  auto read = [&content, &edit] { return read_beginning(content, edit, max_quoted_header); };
  auto header = co_await services_.pool.run(std::move(read));
  if (!header) co_return false;
  const std::string id = random_uuid();
  const DsnFacts facts{.host_name = settings_->host_name, .id = id, .time = now()};
  const std::string text = make_dsn(facts, envelope_, recipients, *header);

  Content dsn(services_.contents);
  auto no_room = co_await dsn.append(text);
  if (no_room) co_return false;
  Envelope envelope;
  envelope.session = envelope_.session;
  envelope.id = id;
  envelope.smtp_utf8 = is_international_dsn(text);
  envelope.eight_bit_mime = envelope.smtp_utf8;
  // RFC 8689 section 5: what tells of such a message goes the same way.
  envelope.require_tls = envelope_.require_tls;
  HopTransaction transaction(hops_, *relay(), envelope, services_.pool, settings_->times,
                             services_.counters);
  std::vector<HopRecipient> to(1);
  to.front().forward_path = envelope_.reverse_path.text;
  const Edit unchanged;
  auto replies = co_await transaction.deliver(std::move(to), dsn, unchanged);
  const mail::Reply& reply = replies.front();
  log_event(reply.is_success() ? LogLevel::info : LogLevel::warning, "dsn",
            std::vector<LogField>{{"session", envelope_.session},
                                  {"id", envelope_.id},
                                  {"dsn", id},
                                  {"reverse_path", envelope_.reverse_path.text},
                                  {"reply", reply.to_line()}});
  if (!reply.is_success()) co_return false;
  Counters::add(services_.counters.notified, recipients.size());
  co_return true;
}

awaitable<bool> MessageHandOff::quarantine(const std::vector<RecipientOutcome>& refused,
                                           const Content& content, const Edit& edit) {
  auto kept = co_await services_.quarantine.keep(envelope_, refused, "NextHopRefused", content,
                                                 edit, now());
  if (!kept) {
    log_error(
        "quarantine",
        {{"session", envelope_.session}, {"id", envelope_.id}, {"error", kept.error().message}});
    co_return false;
  }
  // An alarm: mail that someone should have had lies here, and nobody else knows.
  for (const RecipientOutcome& one : refused) {
    log_error("next_hop_refused", {{"session", envelope_.session},
                                   {"id", envelope_.id},
                                   {"quarantine", *kept},
                                   {"forward_path", one.forward_path},
                                   {"next_hop", one.next_hop},
                                   {"reply", one.reply.to_line()}});
  }
  co_return true;
}

}  // namespace postern::delivery

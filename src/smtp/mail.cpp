// MAIL (RFC 5321 section 4.1.1.2): begins a transaction.
#include <utility>

#include "smtp/parameters.h"
#include "smtp/session_state.h"

namespace postern::smtp {

awaitable<void> Session::on_mail(std::string_view argument) {
  if (state_ == State::greeting)
    co_return refuse(Verb::mail, Reply{503, "5.5.1", "Say EHLO first"});
  if (state_ != State::ready)
    co_return refuse(Verb::mail,
                     Reply{503, "5.5.1", "A transaction is open; RSET would give it up"});

  // Until the receiver has accepted it.
  mail_refused_ = true;
  const auto path = after_keyword(argument, "FROM");
  if (!path) co_return refuse(Verb::mail, Reply{501, "5.5.4", "Syntax: MAIL FROM:<address>"});
  if (!path->starts_with('<'))
    co_return refuse(Verb::mail, Reply{501, "5.5.4",
                                       "The address must stand in angle brackets: "
                                       "MAIL FROM:<ann@example.com>"});
  Cursor in(*path);
  const auto reverse_path = mail::take_reverse_path(in);
  if (!reverse_path)
    co_return refuse(Verb::mail, Reply{501, "5.1.7", "The sender's address is malformed"});
  const auto parameters = parse_mail_parameters(in.rest(), offers_);
  if (!parameters) co_return refuse(Verb::mail, parameters.error());

  // RFC 6531 section 3.5.
  if (reverse_path->is_international() && !parameters->smtp_utf8)
    co_return decline("MAIL", Reply{553, "5.6.7", "The sender's address needs SMTPUTF8"});
  // RFC 1870 section 6.1.
  if (parameters->size.value_or(0) > offers_.max_message_size)
    co_return decline("MAIL", too_large());
  if (has_spent_refusals(Verb::mail)) co_return;
  if (transactions_ == limits_.max_transactions)
    co_return hang_up(
        "MAIL", Reply{421, "4.7.0", settings_.hostname + " Too many messages, connect again"});

  auto begun = co_await receiver_.begin(facts_, *reverse_path, *parameters);
  if (!begun) co_return decline("MAIL", begun.error());
  transaction_ = *std::move(begun);
  ++transactions_;
  mail_refused_ = false;
  body_ = parameters->body;
  smtp_utf8_ = parameters->smtp_utf8;
  state_ = State::mail;
  say("MAIL", Reply{250, "2.1.0", "Sender ok"});
}

}  // namespace postern::smtp

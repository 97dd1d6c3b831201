// RCPT (RFC 5321 section 4.1.1.3): one recipient. Whether it is accepted is the receiver's word.
#include "smtp/parameters.h"
#include "smtp/session_state.h"

namespace postern::smtp {

awaitable<void> Session::on_rcpt(std::string_view argument) {
  if (state_ != State::mail && state_ != State::rcpt) {
    const bool in_chunks = state_ == State::chunks;
    const Reply reply{503, "5.5.1", in_chunks ? "BDAT has begun" : "MAIL must come first"};
    if (mail_refused_) co_return say("RCPT", reply);
    co_return refuse(Verb::rcpt, reply);
  }
  const auto path = after_keyword(argument, "TO");
  if (!path) co_return refuse(Verb::rcpt, Reply{501, "5.5.4", "Syntax: RCPT TO:<address>"});
  if (!path->starts_with('<'))
    co_return refuse(Verb::rcpt, Reply{501, "5.5.4",
                                       "The address must stand in angle brackets: "
                                       "RCPT TO:<ann@example.com>"});
  Cursor in(*path);
  const auto forward_path = mail::take_forward_path(in);
  if (!forward_path)
    co_return refuse(Verb::rcpt, Reply{501, "5.1.3", "The recipient's address is malformed"});
  const auto parameters = parse_rcpt_parameters(in.rest(), offers_);
  if (!parameters) co_return refuse(Verb::rcpt, parameters.error());

  // RFC 6531 section 3.5.
  if (forward_path->is_international() && !smtp_utf8_) {
    recipient_refused_ = true;
    co_return decline("RCPT", Reply{553, "5.6.7", "The recipient's address needs SMTPUTF8"});
  }
  // RFC 5321 section 4.5.3.1.10: the client then sends what it could to those it could name.
  if (recipients_ == limits_.max_recipients)
    co_return say("RCPT", Reply{452, "4.5.3", "Too many recipients, send the rest separately"});
  if (has_spent_refusals(Verb::rcpt)) co_return;

  const Reply reply = co_await transaction_->add_recipient(*forward_path, *parameters);
  if (!reply.is_success()) {
    recipient_refused_ = true;
    co_return decline("RCPT", reply);
  }
  ++recipients_;
  state_ = State::rcpt;
  commands_without_progress_ = 0;
  say("RCPT", reply);
}

}  // namespace postern::smtp

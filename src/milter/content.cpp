// The content: HEADER, EOH, BODY, EOB.
#include "base/log.h"
#include "milter/session_state.h"

namespace postern::milter {

using mail::Reply;

awaitable<void> Session::begin_content() {
  fields_.emplace(agreement_.has(leading_space));
  if (state_ != State::envelope || recipients_ == 0) {
    content_refusal_ = Reply{451, "4.7.1", "No recipient of this message was judged"};
  } else {
    content_refusal_ = co_await transaction_->begin_content();
  }
  state_ = State::header;
}

awaitable<void> Session::write(std::string_view bytes) {
  if (!content_refusal_ && !bytes.empty()) co_await transaction_->write(bytes);
}

awaitable<void> Session::on_header(const Header& header) {
  if (state_ == State::body) co_return give_up("The MTA sends a field behind the header section.");
  if (state_ != State::header) co_await begin_content();
  const std::string field = fields_->add(header);
  co_await write(field);
  if (!agreement_.has(header_without_reply)) say(continue_packet());
}

awaitable<void> Session::on_end_of_header() {
  if (state_ == State::body) co_return give_up("The MTA ends the header section twice.");
  if (state_ != State::header) co_await begin_content();
  state_ = State::body;
  co_await write("\r\n");
  if (!agreement_.has(end_of_header_without_reply)) say(continue_packet());
}

awaitable<void> Session::on_body(const Body& body) {
  if (state_ != State::body) co_return give_up("The MTA sends a body without a header section.");
  co_await write(body.bytes);
  if (!agreement_.has(body_without_reply)) say(continue_packet());
}

awaitable<void> Session::on_end_of_body(const EndOfBody& end) {
  if (state_ != State::body) co_return give_up("The MTA ends a message that has not begun.");
  co_await write(end.bytes);
  Reply reply;
  if (content_refusal_) {
    reply = *content_refusal_;
    if (transaction_) transaction_->content_refused(reply);
  } else {
    reply = co_await transaction_->finish();
  }
  log_info("milter_message",
           {{"session", facts_.id}, {"queue_id", macros_.get("i")}, {"reply", reply.to_line()}});
  if (reply.is_success()) {
    say(fields_->changes(receiver_.edit()));
    if (!receiver_.hold_reason().empty()) say(quarantine_packet(receiver_.hold_reason()));
  }
  say("", reply);
  // The MTA must hear it before the receiver is asked to believe that it did.
  co_await flush();
  if (transaction_ && !content_refusal_) co_await transaction_->replied(!ending_);
  end_transaction();
}

}  // namespace postern::milter

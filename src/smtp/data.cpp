// DATA (RFC 5321 section 4.1.1.4), and what it has in common with BDAT: reading content, and
// the reply to a whole message.
#include <algorithm>
#include <utility>

#include "smtp/dot_reader.h"
#include "smtp/session_state.h"

namespace postern::smtp {

awaitable<void> Session::on_data(std::string_view argument) {
  if (!argument.empty()) co_return refuse(Verb::data, Reply{501, "5.5.4", "DATA has no argument"});
  // RFC 3030 section 2.
  if (state_ == State::chunks)
    co_return refuse(Verb::data, Reply{503, "5.5.1", "BDAT has begun, and cannot be mixed"});
  if (state_ != State::rcpt) co_return answer_out_of_order(Verb::data);
  // RFC 3030 section 3: binary content cannot be sent in lines.
  if (body_ == BodyType::binary_mime)
    co_return refuse(Verb::data, Reply{503, "5.5.1", "BODY=BINARYMIME goes with BDAT only"});

  const std::optional<Reply> refusal = co_await transaction_->begin_content();
  if (refusal) {
    end_transaction();
    co_return decline("DATA", *refusal);
  }
  say("DATA", Reply{354, "", "Send the message, then a line with a dot alone"});
  const bool sent = co_await flush();
  if (sent) co_await receive_message();
}

awaitable<void> Session::receive_message() {
  const Clock::time_point deadline = Clock::now() + limits_.content_time;
  DotReader reader(limits_.max_text_line);
  std::uint64_t received = 0;
  while (reader.state() == DotReader::State::reading) {
    const std::string_view arrived = co_await read_content(deadline);
    if (arrived.empty()) co_return;
    const DotReader::Fed fed = reader.feed(arrived);
    take_content(arrived, arrived.size() - fed.rest.size());
    received += fed.text.size();
    // Beyond the limit nothing is kept, but everything is read.
    if (received <= offers_.max_message_size) co_await transaction_->write(fed.text);
  }

  std::optional<Reply> refusal = judge_text(reader.check());
  if (!refusal && received > offers_.max_message_size) refusal = too_large();
  if (!refusal) {
    co_await finish_message("");
    co_return;
  }
  transaction_->content_refused(*refusal);
  end_transaction();
  decline("", *refusal);
  if (reader.state() == DotReader::State::broken) {
    // We and the client no longer agree where the message ends and commands begin.
    log_ending("bare_line_ending", refusal->to_line());
    state_ = State::closing;
  }
}

/// For DATA and BDAT without a recipient.
void Session::answer_out_of_order(Verb verb) {
  const Reply reply{503, "5.5.1", "MAIL and RCPT must come first"};
  if (state_ == State::mail && recipient_refused_) {
    // RFC 5321 section 4.1.1.4 and RFC 2920 section 3.1: sent before the client could know.
    say(to_string(verb), Reply{554, "5.5.1", "No valid recipients"});
  } else if (mail_refused_) {
    say(to_string(verb), reply);
  } else {
    refuse(verb, reply);
  }
}

/// What is left of the input, else what comes. Empty: the stream has ended. The caller must
/// take_content() before it suspends.
awaitable<std::string_view> Session::read_content(Clock::time_point deadline) {
  if (!input_.empty()) co_return input_.rest();
  input_.release_if_empty();
  for (;;) {
    const Clock::duration left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) {
      log_ending("content_timed_out", "");
      hang_up("", Reply{421, "4.4.2", settings_.hostname + " The message took too long"});
      co_return std::string_view{};
    }
    stream_.set_deadline(std::min<Clock::duration>(limits_.idle_time, left));
    const std::string_view bytes = co_await stream_.read();
    if (!bytes.empty()) co_return bytes;
    on_stream_end();
    // A server that goes down lets the message come in first.
    if (stream_.end() != net::StreamEnd::interrupted) co_return std::string_view{};
  }
}

/// Of what read_content() returned, `used` octets were content; the rest is put with the input.
void Session::take_content(std::string_view arrived, std::size_t used) {
  if (!input_.empty()) return input_.consume(used);
  input_.append(arrived.substr(used));
}

std::optional<Reply> Session::judge_text(const TextCheck& check) const {
  if (check.fault() == TextFault::none) return std::nullopt;
  std::string text = "Message refused: line " + std::to_string(check.fault_line()) + " ";
  text += describe(check.fault());
  if (check.has_bare_line_ending()) text += " (RFC 5321 section 2.3.8)";
  return Reply{554, "5.6.0", std::move(text)};
}

Reply Session::too_large() const {
  return Reply{
      552, "5.3.4",
      "The message is larger than " + std::to_string(offers_.max_message_size) + " octets"};
}

/// The message is complete: the receiver decides, the client is told, and the receiver is told
/// whether the client heard it.
awaitable<void> Session::finish_message(std::string_view verb) {
  const Reply reply = co_await transaction_->finish();
  commands_without_progress_ = 0;

  // A client that lost patience after the final dot will send the message again, unless our
  // reply still reaches it. One that has sent QUIT or more behind the message is not waiting for
  // it. That may not be read yet; since the client has closed, reading cannot take long.
  const bool has_left = stream_.peer_has_closed();
  if (has_left && input_.empty()) {
    stream_.set_deadline(limits_.reply_time);
    const std::string_view last_words = co_await stream_.read();
    input_.append(last_words);
  }
  const bool is_waiting = input_.empty();

  decline(verb, reply);
  bool client_got_it = co_await flush();
  if (client_got_it && has_left && is_waiting)
    client_got_it = co_await stream_.drained(limits_.acknowledgement_time);
  co_await transaction_->replied(client_got_it);
  end_transaction();
}

}  // namespace postern::smtp

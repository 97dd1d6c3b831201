#include "milter/session.h"

#include <cstdlib>
#include <exception>
#include <utility>

#include "base/log.h"
#include "milter/session_state.h"

namespace postern::milter {

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::quit:
      return "quit";
    case Ending::closed:
      return "closed";
    case Ending::timed_out:
      return "timed_out";
    case Ending::draining:
      return "draining";
    case Ending::not_understood:
      return "not_understood";
  }
  std::abort();  // A number that was never an Ending: our bug.
}

awaitable<Ending> run_session(net::Stream& stream, Receiver& receiver,
                              const SessionSettings& settings) {
  Session session(stream, receiver, settings);
  try {
    co_await session.converse();
  } catch (const std::exception& trouble) {
    session.on_exception(trouble.what());
  }
  co_await session.flush();
  co_await stream.close();
  co_return session.ending();
}

Session::Session(net::Stream& stream, Receiver& receiver, const SessionSettings& settings)
    : stream_(stream), receiver_(receiver), settings_(settings), reader_(settings.max_packet) {}

awaitable<void> Session::converse() {
  while (!ending_) {
    const auto frame = reader_.next();
    if (!frame) {
      give_up(frame.error().message);
    } else if (*frame) {
      // What the packet asks for may take longer than the rest of it was allowed to.
      if (std::exchange(packet_has_begun_, false)) stream_.set_deadline(settings_.idle_time);
      const auto request = parse_request(**frame);
      if (request) {
        co_await obey(*request);
      } else {
        give_up(request.error().message);
      }
    } else if (draining_ && !transaction_) {
      ending_ = Ending::draining;
    } else {
      co_await flush();
      if (!ending_) co_await receive();
    }
  }
  end_transaction();
}

awaitable<void> Session::receive() {
  // One deadline for the whole packet, or for the silence before it.
  if (!reader_.is_within_packet()) {
    stream_.set_deadline(settings_.idle_time);
  } else if (!std::exchange(packet_has_begun_, true)) {
    stream_.set_deadline(settings_.packet_time);
  }
  const std::string_view bytes = co_await stream_.read();
  if (bytes.empty()) on_stream_end();
  reader_.append(bytes);
}

void Session::on_stream_end() {
  switch (stream_.end()) {
    case net::StreamEnd::open:
      std::abort();  // An empty read means that it has ended.
    case net::StreamEnd::interrupted:
      draining_ = true;
      return;
    case net::StreamEnd::timed_out:
      log_info("milter_timed_out", {{"session", facts_.id}});
      ending_ = Ending::timed_out;
      return;
    case net::StreamEnd::closed:
    case net::StreamEnd::failed:
      ending_ = Ending::closed;
      return;
  }
}

awaitable<void> Session::obey(const Request& request) {
  if (const auto* offer = std::get_if<Negotiation>(&request)) {
    if (state_ != State::start) co_return give_up("The MTA negotiates twice.");
    on_negotiation(*offer);
  } else if (std::holds_alternative<Quit>(request)) {
    ending_ = Ending::quit;
  } else if (state_ == State::start) {
    give_up("The MTA does not begin with OPTNEG.");
  } else if (const auto* macros = std::get_if<Macros>(&request)) {
    macros_.set(*macros);
  } else if (const auto* connect = std::get_if<Connect>(&request)) {
    on_connect(*connect);
  } else if (std::holds_alternative<NextClient>(request)) {
    on_next_client();
  } else if (std::holds_alternative<Abort>(request)) {
    end_transaction();
  } else if (state_ == State::idle) {
    give_up("The MTA tells of no client.");
  } else if (const auto* hello = std::get_if<Hello>(&request)) {
    on_hello(*hello);
  } else if (const auto* mail = std::get_if<MailFrom>(&request)) {
    co_await on_mail(*mail);
  } else if (const auto* rcpt = std::get_if<RcptTo>(&request)) {
    co_await on_rcpt(*rcpt);
  } else if (const auto* header = std::get_if<Header>(&request)) {
    co_await on_header(*header);
  } else if (std::holds_alternative<EndOfHeader>(request)) {
    co_await on_end_of_header();
  } else if (const auto* body = std::get_if<Body>(&request)) {
    co_await on_body(*body);
  } else if (const auto* end = std::get_if<EndOfBody>(&request)) {
    co_await on_end_of_body(*end);
  } else {
    // DATA and UNKNOWN, from an MTA that does not let us leave them out.
    say(continue_packet());
  }
}

/// A refusal in the receiver's words; the MTA has its own ones for what is accepted.
void Session::say(std::string_view verb, const mail::Reply& reply) {
  receiver_.replied(verb, reply);
  if (reply.is_success()) return say(continue_packet());
  // MTAs insist on one class in both codes; Exchange's `451 5.7.3` has two.
  mail::Reply told = reply;
  if (!told.enhanced.empty()) told.enhanced[0] = static_cast<char>('0' + told.code / 100);
  std::string text = told.to_wire();
  text.resize(text.size() - 2);  // the last CRLF
  say(reply_packet(text));
}

awaitable<void> Session::flush() {
  if (output_.empty()) co_return;
  if (stream_.end() == net::StreamEnd::open) stream_.set_deadline(settings_.packet_time);
  const bool sent = co_await stream_.write(output_);
  std::string().swap(output_);
  if (!sent && !ending_) ending_ = Ending::closed;
}

void Session::end_transaction() {
  transaction_.reset();
  recipients_ = 0;
  fields_.reset();
  content_refusal_.reset();
  if (state_ != State::start && state_ != State::idle) state_ = State::connected;
}

/// Whatever the MTA waits for, it hears nothing any more, and does what it does without a filter.
void Session::give_up(const std::string& problem) {
  const auto peer = stream_.peer_address();
  log_warning(
      "milter_not_understood",
      {{"mta", peer ? peer->to_string() : "unix"}, {"session", facts_.id}, {"problem", problem}});
  ending_ = Ending::not_understood;
}

void Session::on_exception(const char* what) {
  log_error("session_failed", {{"session", facts_.id}, {"error", what}});
  end_transaction();
  // Instead of the replies that were not sent: the MTA waits for one at most.
  output_ = temporary_failure_packet();
  ending_ = Ending::closed;
}

}  // namespace postern::milter

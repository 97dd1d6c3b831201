#include "smtp/session.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/log.h"
#include "smtp/session_state.h"

namespace postern::smtp {
namespace {

/// Replies are sent at the latest when so many octets have been collected.
constexpr std::size_t max_collected_replies = 4096;

Reply describe(LineFault fault) {
  switch (fault) {
    case LineFault::none:
      break;
    case LineFault::too_long:
      // RFC 5321 section 4.5.3.1.9.
      return Reply{500, "5.5.2", "The command line is too long"};
    case LineFault::bare_line_ending:
      return Reply{500, "5.5.2", "A command line must end with CR LF and have neither inside"};
    case LineFault::control_character:
      return Reply{500, "5.5.2", "A command line must not have control characters"};
  }
  std::abort();  // Nobody describes what is not there.
}

}  // namespace

awaitable<void> run_session(net::Stream& stream, Receiver& receiver, SessionFacts facts,
                            const SessionSettings& settings) {
  Session session(stream, receiver, facts, settings);
  try {
    co_await session.converse();
  } catch (const std::exception& trouble) {
    session.on_exception(trouble.what());
  }
  co_await session.flush();
  co_await stream.close();
}

mail::Reply too_many_connections(std::string_view hostname) {
  return Reply{421, "4.7.0", std::string(hostname) + " Too many connections, try again later"};
}

mail::Reply out_of_resources(std::string_view hostname) {
  return Reply{421, "4.3.2", std::string(hostname) + " Out of resources, try again later"};
}

Session::Session(net::Stream& stream, Receiver& receiver, SessionFacts& facts,
                 const SessionSettings& settings)
    : stream_(stream),
      receiver_(receiver),
      settings_(settings),
      limits_(settings.limits),
      facts_(facts),
      ends_(Clock::now() + settings.limits.session_time),
      input_(settings.limits.max_command_line) {}

awaitable<void> Session::converse() {
  say("", Reply{220, "", settings_.hostname + " ESMTP Postern"});
  while (state_ != State::closing) {
    if (draining_) {
      hang_up("", Reply{421, "4.3.2", settings_.hostname + " Going down, try again soon"});
    } else if (Clock::now() >= ends_) {
      hang_up("", Reply{421, "4.4.2", settings_.hostname + " The session has lasted too long"});
    } else if (const auto line = input_.take_line()) {
      co_await obey(*line);
      if (output_.size() > max_collected_replies) co_await flush();
    } else {
      // Nothing is left to obey: now the client gets its replies (RFC 2920 section 3.2).
      const bool sent = co_await flush();
      if (sent) co_await receive_command();
    }
  }
  end_transaction();
}

/// Waits for more of a command line; one deadline for the whole line.
awaitable<void> Session::receive_command() {
  input_.release_if_empty();
  if (!input_.is_within_line()) {
    const Clock::duration left = ends_ - Clock::now();
    stream_.set_deadline(std::min<Clock::duration>(limits_.idle_time, left));
  }
  const std::string_view bytes = co_await stream_.read();
  if (bytes.empty()) on_stream_end();
  input_.append(bytes);
}

awaitable<void> Session::obey(CommandLine line) {
  const Command command = parse_command(line.text);
  const Verb verb = command.verb;
  if (++commands_without_progress_ > limits_.max_commands_without_progress) {
    log_ending("too_many_commands", "");
    hang_up(to_string(verb),
            Reply{421, "4.7.0", settings_.hostname + " Too many commands without a message"});
    co_return;
  }
  if (line.fault != LineFault::none) co_return refuse(Verb::unknown, describe(line.fault));

  switch (verb) {
    case Verb::ehlo:
    case Verb::helo:
      on_hello(command);
      break;
    case Verb::mail:
      co_await on_mail(command.argument);
      break;
    case Verb::rcpt:
      co_await on_rcpt(command.argument);
      break;
    case Verb::data:
      co_await on_data(command.argument);
      break;
    case Verb::bdat:
      co_await on_bdat(command.argument);
      break;
    case Verb::starttls:
      co_await on_starttls(command.argument);
      break;
    case Verb::rset:
      on_rset(command.argument);
      break;
    case Verb::quit:
      on_quit(command.argument);
      break;
    case Verb::vrfy:
      on_vrfy(command.argument);
      break;
    case Verb::help:
      on_help();
      break;
    case Verb::noop:
      // RFC 5321 section 4.1.1.9: an argument is allowed and ignored.
      say("NOOP", Reply{250, "2.0.0", "Ok"});
      break;
    case Verb::expn:
    case Verb::not_implemented:
      refuse(verb, Reply{502, "5.5.1", "This command is not implemented here"});
      break;
    case Verb::other_protocol:
      // A browser that somebody tricked into speaking to us: what follows are header fields, and
      // perhaps a body with commands in it.
      log_ending("other_protocol", line.text);
      hang_up("OTHER", Reply{554, "5.5.1", "This is an SMTP server"});
      break;
    case Verb::unknown:
      refuse(verb, Reply{500, "5.5.1", "This command is not known here"});
      break;
  }
}

void Session::say(std::string_view verb, const Reply& reply) {
  receiver_.replied(verb, reply);
  output_ += reply.to_wire();
  // RFC 5321 section 3.8: only who is about to close says 421, be it us or the receiver.
  if (reply.code == 421) state_ = State::closing;
}

/// For a command that was malformed, unknown or out of order.
void Session::refuse(Verb verb, const Reply& reply) {
  if (++errors_ <= limits_.max_errors) return say(to_string(verb), reply);
  log_ending("too_many_errors", reply.to_line());
  hang_up(to_string(verb), Reply{421, "4.7.0", settings_.hostname + " Too many errors"});
}

/// For a sender, recipient or message that is not wanted, in words of the receiver or ours.
void Session::decline(std::string_view verb, const Reply& reply) {
  if (reply.is_permanent()) ++refusals_;
  say(verb, reply);
}

void Session::hang_up(std::string_view verb, const Reply& reply) {
  say(verb, reply);
  state_ = State::closing;
}

/// Asked before the receiver is: the client has heard all its refusals, but gets no more.
bool Session::has_spent_refusals(Verb verb) {
  if (refusals_ < limits_.max_refusals) return false;
  log_ending("too_many_refusals", "");
  hang_up(to_string(verb),
          Reply{421, "4.7.0", settings_.hostname + " Too many senders and recipients refused"});
  return true;
}

awaitable<bool> Session::flush() {
  if (output_.empty()) co_return true;
  // For last words the stream has a grace time of its own.
  if (stream_.end() == net::StreamEnd::open) stream_.set_deadline(limits_.reply_time);
  const bool sent = co_await stream_.write(output_);
  std::string().swap(output_);
  if (!sent) state_ = State::closing;
  co_return sent;
}

void Session::on_stream_end() {
  switch (stream_.end()) {
    case net::StreamEnd::open:
      std::abort();  // An empty read means that it has ended.
    case net::StreamEnd::timed_out:
      log_ending("session_timed_out", "");
      return hang_up("", Reply{421, "4.4.2", settings_.hostname + " Timed out"});
    case net::StreamEnd::interrupted:
      draining_ = true;
      return;
    case net::StreamEnd::closed:
    case net::StreamEnd::failed:
      state_ = State::closing;
      return;
  }
}

void Session::end_transaction() {
  transaction_.reset();
  chunks_.reset();
  recipients_ = 0;
  mail_refused_ = false;
  recipient_refused_ = false;
  if (state_ != State::greeting && state_ != State::closing) state_ = State::ready;
}

void Session::on_exception(const char* what) {
  log_error("session_failed",
            {{"session", facts_.id}, {"client", facts_.client.to_string()}, {"error", what}});
  end_transaction();
  hang_up("", Reply{421, "4.3.0", settings_.hostname + " Internal error, try again later"});
}

void Session::log_ending(std::string_view event, std::string_view detail) const {
  log_info(event, {{"session", facts_.id},
                   {"client", facts_.client.to_string()},
                   {"hello", facts_.hello},
                   {"detail", detail}});
}

}  // namespace postern::smtp

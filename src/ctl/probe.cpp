#include "ctl/probe.h"

#include <algorithm>
#include <utility>

#include "base/cursor.h"
#include "delivery/smtp_client.h"

namespace postern::ctl {
namespace {

using delivery::ReplyParser;
using delivery::ServerReply;
using net::awaitable;
using std::chrono::steady_clock;

constexpr std::size_t not_a_step = static_cast<std::size_t>(-1);

/// Does the text begin with this enhanced status code (RFC 3463), whatever its class? Exchange says
/// `451 5.7.3`, which by RFC 2034 is none.
bool has_enhanced(const ServerReply& reply, std::string_view code) {
  if (reply.lines.empty()) return false;
  Cursor in(reply.lines.front());
  return in.take(code) && (in.at_end() || in.peek() == ' ');
}

bool says(const ServerReply& reply, std::string_view words) {
  for (const std::string& line : reply.lines) {
    for (std::size_t at = 0; at + words.size() <= line.size(); ++at)
      if (istarts_with(std::string_view(line).substr(at), words)) return true;
  }
  return false;
}

ProbeOutcome judge_refusal(const ServerReply& reply) {
  if (has_enhanced(reply, "5.7.68") || says(reply, "Direct Send not allowed"))
    return ProbeOutcome::refuses;
  if (has_enhanced(reply, "5.7.51")) return ProbeOutcome::lock_down;
  if (has_enhanced(reply, "5.7.64") || says(reply, "relay access denied") ||
      says(reply, "unable to relay") || says(reply, "relaying denied"))
    return ProbeOutcome::not_hosted;
  for (const std::string_view code : {"5.1.1", "5.1.10", "5.4.1"})
    if (has_enhanced(reply, code)) return ProbeOutcome::unknown_recipient;
  return says(reply, "user unknown") || says(reply, "no such user")
             ? ProbeOutcome::unknown_recipient
             : ProbeOutcome::refused_otherwise;
}

/// The talk itself: each step either has a reply, or a reason why the talk is over.
class Talk {
 public:
  Talk(net::Stream& stream, ProbeRequest request, steady_clock::duration limit)
      : stream_(stream), request_(std::move(request)), until_(steady_clock::now() + limit) {
    for (const mail::Mailbox& one : request_.forward_paths)
      report_.recipients.push_back({one, ProbeOutcome::no_answer, std::nullopt});
  }

  awaitable<ProbeReport> run() {
    const bool ready = co_await open();
    if (ready) co_await ask_recipients();
    if (report_.problem.empty()) {
      // A refusal to end is no news, and neither is silence.
      co_await say("RSET");
      co_await say("QUIT");
      report_.problem.clear();
    }
    stream_.set_deadline(std::chrono::seconds(5));
    co_await stream_.close();
    co_return std::move(report_);
  }

 private:
  /// Up to the reply to MAIL. False: nobody may be asked for.
  awaitable<bool> open() {
    std::size_t step = co_await reply_to("");
    if (!goes_on(step)) co_return false;
    step = co_await hello();
    if (!goes_on(step)) co_return false;
    if (request_.with_tls && offered_.start_tls) {
      const bool secured = co_await start_tls();
      if (!secured) co_return false;
    }
    std::string command = "MAIL FROM:<" + request_.reverse_path.text + ">";
    if (needs_utf8()) {
      if (!offered_.smtp_utf8) co_return stop("does not offer SMTPUTF8, which the addresses need");
      command += " SMTPUTF8";
    }
    step = co_await say(std::move(command));
    co_return goes_on(step);
  }

  awaitable<bool> start_tls() {
    std::size_t step = co_await say("STARTTLS");
    if (step == not_a_step) co_return false;
    // A server that offers what it then refuses may still be asked in clear text.
    if (report_.steps[step].reply.code != 220) co_return true;
    if (!pending_.empty()) co_return stop("sent something ahead of the TLS handshake");
    set_deadline();
    auto facts = co_await stream_.start_tls();
    if (!facts) co_return stop("cannot be spoken to under TLS: " + facts.error().message);
    report_.tls = std::move(*facts);
    step = co_await hello();
    co_return goes_on(step);
  }

  awaitable<void> ask_recipients() {
    for (ProbedRecipient& one : report_.recipients) {
      const std::size_t step = co_await say("RCPT TO:<" + one.forward_path.text + ">");
      if (step == not_a_step) co_return;
      one.step = step;
      one.outcome = judge_reply(report_.steps[step].reply);
    }
  }

  /// An old server knows no EHLO (RFC 5321 section 3.2).
  awaitable<std::size_t> hello() {
    std::size_t step = co_await say("EHLO " + request_.hello);
    offered_ = {};
    if (step == not_a_step) co_return step;
    const int code = report_.steps[step].reply.code;
    if (code / 100 == 2) offered_ = delivery::parse_capabilities(report_.steps[step].reply);
    if (code / 100 == 5) step = co_await say("HELO " + request_.hello);
    co_return step;
  }

  awaitable<std::size_t> say(std::string command) {
    set_deadline();
    const std::string line = command + "\r\n";
    const bool written = co_await stream_.write(line);
    if (!written) {
      stop_at_end();
      co_return not_a_step;
    }
    co_return co_await reply_to(std::move(command));
  }

  awaitable<std::size_t> reply_to(std::string command) {
    set_deadline();
    const std::string earlier = std::exchange(pending_, {});
    std::string_view bytes = earlier;
    for (;;) {
      const ReplyParser::Status status = parser_.feed(bytes);
      if (status == ReplyParser::Status::malformed) {
        stop("sent something that is no SMTP reply");
        co_return not_a_step;
      }
      if (status == ReplyParser::Status::complete) break;
      bytes = co_await stream_.read();
      if (bytes.empty()) {
        stop_at_end();
        co_return not_a_step;
      }
    }
    pending_ = bytes;
    report_.steps.push_back({std::move(command), parser_.reply()});
    co_return report_.steps.size() - 1;
  }

  /// A step before RCPT that was refused decides for all recipients.
  bool goes_on(std::size_t step) {
    if (step == not_a_step) return false;
    const ServerReply& reply = report_.steps[step].reply;
    if (reply.code / 100 == 2) return true;
    for (ProbedRecipient& one : report_.recipients) {
      one.step = step;
      one.outcome = judge_reply(reply);
    }
    return false;
  }

  bool needs_utf8() const {
    return request_.reverse_path.is_international() ||
           std::ranges::any_of(request_.forward_paths, &mail::Mailbox::is_international);
  }

  void set_deadline() {
    stream_.set_deadline(std::max(until_ - steady_clock::now(), steady_clock::duration::zero()));
  }

  bool stop(std::string what) {
    report_.problem = "The server " + std::move(what) + ".";
    return false;
  }

  void stop_at_end() {
    switch (stream_.end()) {
      case net::StreamEnd::open:
      case net::StreamEnd::failed:
      case net::StreamEnd::interrupted:
        stop("broke the connection");
        return;
      case net::StreamEnd::closed:
        stop("closed the connection");
        return;
      case net::StreamEnd::timed_out:
        stop("did not answer in time");
        return;
    }
    std::abort();
  }

  net::Stream& stream_;
  const ProbeRequest request_;
  const steady_clock::time_point until_;
  delivery::Capabilities offered_;
  ReplyParser parser_;
  std::string pending_;  ///< came after the last reply that we took
  ProbeReport report_;
};

}  // namespace

ProbeOutcome judge_reply(const ServerReply& reply) {
  switch (reply.code / 100) {
    case 2:
      return ProbeOutcome::accepts;
    case 4:
      return has_enhanced(reply, "5.7.3") || says(reply, "STARTTLS is required")
                 ? ProbeOutcome::wants_tls
                 : ProbeOutcome::temporary;
    case 5:
      // RFC 3207 section 4.
      return reply.code == 530 ? ProbeOutcome::wants_tls : judge_refusal(reply);
    default:
      return ProbeOutcome::refused_otherwise;
  }
}

bool ProbeReport::any(ProbeOutcome outcome) const {
  return std::ranges::find(recipients, outcome, &ProbedRecipient::outcome) != recipients.end();
}

bool ProbeReport::is_closed() const {
  return !recipients.empty() && std::ranges::all_of(recipients, [](const ProbedRecipient& one) {
    return one.outcome == ProbeOutcome::refuses || one.outcome == ProbeOutcome::lock_down;
  });
}

awaitable<ProbeReport> probe(net::Stream& stream, ProbeRequest request,
                             steady_clock::duration limit) {
  Talk talk(stream, std::move(request), limit);
  co_return co_await talk.run();
}

}  // namespace postern::ctl

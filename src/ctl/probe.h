// `postern probe HOST`: does a mail server accept Direct Send? Asked from outside, as any stranger
// could ask, and without a message: the talk ends after RCPT.
//
//   EHLO, STARTTLS and EHLO anew if offered, MAIL, one RCPT after the other, RSET, QUIT
//
// DATA and BDAT are never said. What the server answers is read within the limits of
// delivery/smtp_reply.h and one deadline for the whole, so it can neither flood nor hold us.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "delivery/smtp_reply.h"
#include "mail/mailbox.h"
#include "net/stream.h"

namespace postern::ctl {

/// What a refusal or acceptance at RCPT (or before) means for Direct Send.
enum class ProbeOutcome {
  accepts,            ///< 2xx: mail in the domain's name is let in without a connector
  refuses,            ///< 550 5.7.68: the switch is on
  lock_down,          ///< 550 5.7.51: only a connector's clients may come at all
  unknown_recipient,  ///< 5.1.1, 5.1.10, 5.4.1: says nothing about Direct Send
  not_hosted,         ///< relay denied: the recipient's domain is not here
  wants_tls,          ///< TLS is asked for before anything else
  temporary,          ///< 4xx: greylisting, throttling, trouble
  refused_otherwise,  ///< 5xx of another kind: SPF, a block list, a policy
  no_answer           ///< the talk ended before there was a reply
};
/// `accepts Direct Send`, `refuses Direct Send`, …: goes on after the server's name.
std::string_view to_words(ProbeOutcome outcome);
/// For JSON: `accepts`, `lockDown`, …
std::string_view to_string(ProbeOutcome outcome);

/// By the reply to MAIL or RCPT.
ProbeOutcome judge_reply(const delivery::ServerReply& reply);

struct ProbeRequest {
  std::string hello;
  mail::Mailbox reverse_path;
  std::vector<mail::Mailbox> forward_paths;
  bool with_tls = true;
};

/// One reply, and what was said before it.
struct ProbeStep {
  std::string command;  ///< empty: the server speaks first
  delivery::ServerReply reply;
};

struct ProbedRecipient {
  mail::Mailbox forward_path;
  ProbeOutcome outcome = ProbeOutcome::no_answer;
  /// The step whose reply decided: RCPT, or what was refused before it; nothing for no_answer.
  std::optional<std::size_t> step;
};

struct ProbeReport {
  std::string address;  ///< that was connected to, with port; empty: none
  std::optional<net::TlsFacts> tls;
  std::vector<ProbeStep> steps;
  std::vector<ProbedRecipient> recipients;  ///< as they were asked for
  std::string problem;                      ///< why the talk ended early; a sentence, or empty

  bool any(ProbeOutcome outcome) const;
  /// Every recipient was refused by the switch or by a lock-down.
  bool is_closed() const;
};

/// Talks over a connection that was just made, and closes it. All within `limit`.
net::awaitable<ProbeReport> probe(net::Stream& stream, ProbeRequest request,
                                  std::chrono::steady_clock::duration limit);

struct ProbeTarget {
  std::string host;  ///< a name in A-labels, or an address without brackets
  std::uint16_t port = 25;
};
/// `mx.contoso.com`, `mx.contoso.com:2525`, `192.0.2.1`, `[2001:db8::1]:25`.
Result<ProbeTarget> parse_probe_target(std::string_view text);

void print_probe(std::ostream& out, const ProbeReport& report, const ProbeTarget& target);
boost::json::object to_json(const ProbeReport& report, const ProbeTarget& target);

}  // namespace postern::ctl

// Every quantity of an SMTP session that a stranger controls, with its limit.
//
// The table `limits()` is the one description: the configuration reads its names and lowest
// values from there, and a test compares it with the operator's table in docs/smtp-session.md,
// which also says what a client hears beyond each limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace postern::smtp {

struct Limits {
  using Count = std::uint64_t;
  using Period = std::chrono::seconds;

  /// Octets of a command line with its CRLF. RFC 5321 section 4.5.3.1.4 says 512; SIZE, BODY,
  /// SMTPUTF8 and DSN parameters may add about 700.
  Count max_command_line = 2048;
  /// Octets of a line of the message with its CRLF. RFC 5321 section 4.5.3.1.6 says 1000, RFC
  /// 5322 section 2.1.1 advises to take more, and real mail has whole HTML pages on one line.
  Count max_text_line = 1 << 20;
  /// Octets of a message as RFC 1870 section 3 counts them: with CRLFs, without stuffed dots.
  Count max_message_size = 50 << 20;
  /// Accepted recipients of one transaction (RFC 5321 section 4.5.3.1.8).
  Count max_recipients = 1000;
  /// Transactions (MAIL accepted) of one session.
  Count max_transactions = 1000;
  /// Commands of one session that were malformed, unknown or out of order.
  Count max_errors = 20;
  /// MAIL and RCPT of one session that were refused for good: slows the guessing of addresses.
  Count max_refusals = 100;
  /// Commands since the last accepted recipient or message: NOOP, RSET, EHLO in a loop. Not
  /// below max_recipients, or a list with many recipients of other organizations is cut off.
  Count max_commands_without_progress = 1000;

  /// For a whole command line, and for each piece of the content (RFC 5321 section 4.5.3.2.7).
  Period idle_time{300};
  /// For the session; a message that is coming in may be finished first.
  Period session_time{3600};
  /// For the content of a message, from DATA or the first BDAT.
  Period content_time{1800};
  /// For a client to take our replies.
  Period reply_time{60};
  Period handshake_time{30};
  /// How long we ask whether a client that left early has got the reply to its message.
  Period acknowledgement_time{2};
};

struct LimitRow {
  /// As in the table [limits] of the configuration.
  std::string_view name;
  std::variant<Limits::Count Limits::*, Limits::Period Limits::*> member;
  /// In octets, pieces or seconds; what an RFC demands, or what a session needs to work at all.
  std::uint64_t lowest;
};

std::span<const LimitRow> limits();

}  // namespace postern::smtp

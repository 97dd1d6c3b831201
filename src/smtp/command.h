// A command line of RFC 5321 section 4.1.1, taken apart into verb and argument. What the
// argument means is the business of the step that runs the command.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace postern::smtp {

enum class Verb {
  ehlo,
  helo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  starttls,
  /// Commands that exist and that this server does not have: AUTH, ETRN, TURN …
  not_implemented,
  /// The first word of an HTTP request: a web client that was sent here to speak for somebody.
  other_protocol,
  unknown
};

/// `MAIL`; `OTHER` for the last three, whose spelling is the client's and no name for a counter.
std::string_view to_string(Verb verb);

struct Command {
  Verb verb = Verb::unknown;
  /// Without white space at both ends; a view of the line.
  std::string_view argument;
};

/// `line` without its CRLF. The verb may be in any case (RFC 5321 section 2.4); white space
/// before the end of the line is ignored (section 4.1.1).
Command parse_command(std::string_view line);

/// The argument of EHLO and HELO: `Domain / address-literal`, up to 255 octets. Tolerant, for
/// what printers and Windows machines call themselves is no reason to refuse their mail: single
/// labels, underscores, hyphens anywhere, UTF-8, a final dot and addresses without brackets pass.
bool is_client_name(std::string_view text);

/// Whose path follows: `FROM:` of MAIL or `TO:` of RCPT. The rest of `argument` after the colon
/// and blanks, which RFC 5321 section 3.3 forbids there and many devices send; or nothing.
std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword);

struct Chunk {
  std::uint64_t size = 0;  ///< in octets
  bool is_last = false;
};

/// The argument of BDAT (RFC 3030 section 2): `chunk-size [ SP "LAST" ]`. Nothing: malformed, or
/// more than 18 digits.
std::optional<Chunk> parse_chunk(std::string_view argument);

}  // namespace postern::smtp

// Addresses of the envelope: the arguments of MAIL and RCPT (RFC 5321 section 4.1.2, with the
// UTF-8 of RFC 6531 section 3.3).
//
// Strict, unlike the addresses in header fields (address_list.h): the client can be told at
// once what is wrong, and what two parsers read differently is what an attacker looks for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/cursor.h"

namespace postern::mail {

struct Mailbox {
  /// As the client wrote it, without the angle brackets and a source route: what goes to the
  /// next hop, to logs and to the trace. Empty: the null reverse-path.
  std::string text;
  /// Without quotes and backslashes, so that "ann"@x and ann@x are one address. Case is kept.
  /// Any printable ASCII and UTF-8 may stand in it, slashes, dots and blanks too.
  std::string local_part;
  /// In the form of to_a_label, or an address literal `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
  std::string domain;

  bool is_null() const { return text.empty(); }
  bool has_literal() const { return domain.starts_with('['); }
  /// Does `text` need SMTPUTF8 (RFC 6531 section 3.7.1)?
  bool is_international() const;

  bool operator==(const Mailbox&) const = default;
};

// RFC 5321 sections 4.5.3.1.1 to 4.5.3.1.3, in octets as written. Of a reverse-path only the
// whole is limited: VERP and SRS put another address into the local part, which real mail
// thereby has longer than 64.
inline constexpr std::size_t max_local_part = 64;
inline constexpr std::size_t max_domain = 255;
inline constexpr std::size_t max_path = 256;

/// `Mailbox` alone, as in the rule of RFC 5321, without angle brackets: `ann@contoso.com`. The
/// whole text must match. Nothing if malformed or longer than allowed; a local part of `""` is
/// grammatical, but names nobody and is refused.
std::optional<Mailbox> parse_mailbox(std::string_view text);

/// `Reverse-path = Path / "<>"`. Consumes up to the closing bracket, or nothing at all; a source
/// route is accepted and ignored (RFC 5321 appendix C).
std::optional<Mailbox> take_reverse_path(Cursor& in);

/// `"<Postmaster>" / "<Postmaster@" Domain ">" / Forward-path` in any case. Without a domain, the
/// mailbox has an empty `domain` (RFC 5321 section 4.5.1).
std::optional<Mailbox> take_forward_path(Cursor& in);

/// `local_part@domain` with the local part quoted if it must be, so that it parses again.
std::string to_address(std::string_view local_part, std::string_view domain);

}  // namespace postern::mail

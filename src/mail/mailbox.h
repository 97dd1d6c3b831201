// Addresses of the envelope: the arguments of MAIL and RCPT (RFC 5321 section 4.1.2, with the
// UTF-8 of RFC 6531 section 3.3).
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
  std::string local_part;
  /// In the form of to_a_label, or an address literal `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
  std::string domain;

  bool is_null() const { return text.empty(); }
  bool has_literal() const { return domain.starts_with('['); }
  /// Does `text` need SMTPUTF8 (RFC 6531 section 3.7.1)?
  bool is_international() const;

  bool operator==(const Mailbox&) const = default;
};

// RFC 5321 section 4.5.3.1.1 and 4.5.3.1.2, in octets.
inline constexpr std::size_t max_local_part = 64;
inline constexpr std::size_t max_domain = 255;

/// `Mailbox` alone, as in the rule of RFC 5321, without angle brackets: `ann@contoso.com`. The
/// whole text must match. Nothing if malformed or longer than allowed.
std::optional<Mailbox> parse_mailbox(std::string_view text);

/// `Reverse-path = Path / "<>"`. Consumes up to the closing bracket; a source route is accepted
/// and ignored (RFC 5321 appendix C).
std::optional<Mailbox> take_reverse_path(Cursor& in);

/// `"<Postmaster>" / "<Postmaster@" Domain ">" / Forward-path` in any case. Without a domain, the
/// mailbox has an empty `domain` (RFC 5321 section 4.5.1).
std::optional<Mailbox> take_forward_path(Cursor& in);

}  // namespace postern::mail

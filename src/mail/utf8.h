// Is text well-formed UTF-8 (RFC 3629)? SMTPUTF8 lets it into addresses, and nothing else
// (RFC 6531 section 3.3); what is malformed must not reach a log, a database or a next hop.
#pragma once

#include <string>
#include <string_view>

namespace postern::mail {

/// No overlong forms, no surrogates, nothing above U+10FFFF. ASCII is UTF-8, so is nothing at all.
bool is_utf8(std::string_view text);

bool is_ascii_only(std::string_view text);

/// U+FFFD.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// `text` with U+FFFD for every octet that is part of no character.
std::string repaired_utf8(std::string_view text);

/// The same on one line, fit to be shown: tabs and line endings become blanks, all other control
/// characters of ASCII and of Unicode's first block U+FFFD. What is left may still deceive the eye.
std::string displayable(std::string_view text);

}  // namespace postern::mail

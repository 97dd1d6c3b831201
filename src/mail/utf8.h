// Is text well-formed UTF-8 (RFC 3629)? SMTPUTF8 lets it into addresses, and nothing else
// (RFC 6531 section 3.3); what is malformed must not reach a log, a database or a next hop.
#pragma once

#include <string_view>

namespace postern::mail {

/// No overlong forms, no surrogates, nothing above U+10FFFF. ASCII is UTF-8, so is nothing at all.
bool is_utf8(std::string_view text);

bool is_ascii_only(std::string_view text);

}  // namespace postern::mail

// Text of other character sets as UTF-8, for display.
//
// The C library knows hundreds of names, some of them of converters that hardly anybody has ever
// looked at, and the name is a stranger's. So only those that mail is written in are handed to
// iconv; all others are unknown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

bool is_known_charset(std::string_view charset);

/// `bytes` as UTF-8; what means nothing in that character set becomes U+FFFD. `charset` is a name
/// of the IANA registry in any case, perhaps with a language behind it (`iso-8859-1*de`, RFC 2231
/// section 5). Nothing: the character set is unknown, or this system's C library does not have it.
std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);

}  // namespace postern::mail

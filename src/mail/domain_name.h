// Domain names in the one form in which we compare and store them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::mail {

/// Lower-case A-labels without a final dot: `Bücher.Example.` becomes `xn--bcher-kva.example`.
/// Nothing if it is not a host name of RFC 1123 section 2.1 or cannot be made one by IDNA 2008
/// (RFC 5891, with the UTS 46 mapping): labels of 1 to 63 octets, 253 in all. Underscores are
/// allowed, since mail domains in use have them. `text` must be UTF-8.
std::optional<std::string> to_a_label(std::string_view text);

/// Is `domain` below `parent` (`a.b.example` below `example`), or, if `or_equal`, the same?
/// Both in the form of to_a_label.
enum class Self { excluded, included };
bool is_below(std::string_view domain, std::string_view parent, Self self);

}  // namespace postern::mail

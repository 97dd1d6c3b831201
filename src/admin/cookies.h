// The Cookie field of a request (RFC 6265 section 4.2.1), as far as a server needs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::admin {

/// `a=1; name=value`: the value of the first cookie of that name, whose case counts. Quotes around
/// a value are left out. Nothing where there is none, or where the field is no list of cookies up
/// to there.
std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name);

/// A Set-Cookie field for this host alone, out of reach of scripts and of other sites. An empty
/// value ends the cookie.
std::string make_cookie(std::string_view name, std::string_view value, bool is_secure);

}  // namespace postern::admin

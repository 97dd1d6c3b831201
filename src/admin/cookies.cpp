#include "admin/cookies.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/cursor.h"

namespace postern::admin {
namespace {

/// `token` of RFC 9110 section 5.6.2, the name of a cookie.
bool is_token(char c) {
  return c > ' ' && c < '\x7f' && !std::string_view("()<>@,;:\\\"/[]?={}").contains(c);
}

/// `cookie-octet`: no controls, spaces, quotes, commas, semicolons, backslashes.
bool is_cookie_octet(char c) {
  return c > ' ' && c < '\x7f' && !std::string_view("\",;\\").contains(c);
}

bool is_space(char c) {
  return is_wsp(c);
}

}  // namespace

std::optional<std::string_view> find_cookie(std::string_view field, std::string_view name) {
  Cursor in(field);
  for (;;) {
    in.take_while(is_space);
    const std::string_view found = in.take_while(is_token);
    if (found.empty() || !in.take('=')) return std::nullopt;
    const bool is_quoted = in.take('"');
    const std::string_view value = in.take_while(is_cookie_octet);
    if (is_quoted && !in.take('"')) return std::nullopt;
    in.take_while(is_space);
    if (!in.at_end() && !in.take(';')) return std::nullopt;
    if (found == name) return value;
    if (in.at_end()) return std::nullopt;
  }
}

std::string make_cookie(std::string_view name, std::string_view value, bool is_secure) {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}{}", name, value,
                     is_secure ? "; Secure" : "", value.empty() ? "; Max-Age=0" : "");
}

}  // namespace postern::admin

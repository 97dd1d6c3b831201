#include "delivery/maildir_path.h"

#include <cassert>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/encoding.h"

namespace postern::delivery {
namespace {

constexpr bool is_plain(char c) {
  return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

enum class Token { any, user };

/// The folders of the pattern before the component that holds the first token of this kind (or,
/// without one, before the last component), with the slash at their end.
std::string_view folders_before(std::string_view pattern, Token wanted) {
  std::size_t at = pattern.size();
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char token = pattern[++i];
    if (token == 'u' || (token == 'd' && wanted == Token::any)) {
      at = i;
      break;
    }
  }
  const std::size_t slash = pattern.substr(0, at).rfind('/');
  return slash == std::string_view::npos ? std::string_view() : pattern.substr(0, slash + 1);
}

std::string expand(std::string_view pattern, std::string_view user, std::string_view domain) {
  std::string path;
  Cursor in(pattern);
  while (!in.at_end()) {
    if (!in.take('%')) {
      path += in.take_while([](char c) { return c != '%'; });
    } else if (in.take('u')) {
      path += encode_name(user);
    } else if (in.take('d')) {
      path += encode_name(domain);
    } else {
      in.take('%');
      path += '%';
    }
  }
  return path;
}

}  // namespace

std::string encode_name(std::string_view name) {
  if (name.empty()) return "%";  // No other name gives this.
  std::string encoded;
  for (const char c : name) {
    if (is_plain(c) && !(c == '.' && encoded.empty())) {
      encoded += to_lower(c);
    } else {
      encoded += '%';
      encoded += to_hex(std::string_view(&c, 1));
    }
  }
  if (encoded.size() <= max_encoded_name) return encoded;
  // "%s" is no percent-encoded byte, so this cannot be the name of another address.
  const std::string hash = "%sha256." + to_hex(sha256(to_lower(name)));
  encoded.resize(max_encoded_name - hash.size());
  return encoded + hash;
}

MailboxPath mailbox_path(std::string_view pattern, std::string_view data_directory,
                         std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::string_view user = address.substr(0, at);
  const std::string_view domain = at == std::string_view::npos ? "" : address.substr(at + 1);
  const std::string base = pattern.starts_with('/') ? "" : std::string(data_directory) + "/";
  const auto make = [&](std::string_view part) {
    std::string path = base + expand(part, user, domain);
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
  };
  return {.folder = make(pattern),
          .root = base.empty() ? make(folders_before(pattern, Token::any))
                               : std::string(data_directory),
          .siblings = make(folders_before(pattern, Token::user))};
}

}  // namespace postern::delivery

#include "directory/guid.h"

#include <algorithm>

#include "base/ascii.h"

namespace postern::directory {
namespace {

// RFC 9562 section 4: hyphens stand after these bytes.
bool is_before_hyphen(std::size_t byte) {
  return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

std::optional<std::uint8_t> digit_value(char c) {
  if (is_digit(c)) return static_cast<std::uint8_t>(c - '0');
  const char letter = to_lower(c);
  if (letter >= 'a' && letter <= 'f') return static_cast<std::uint8_t>(letter - 'a' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Guid guid;
  std::size_t at = 0;
  for (std::size_t byte = 0; byte < guid.bytes_.size(); ++byte) {
    const auto high = digit_value(text[at]);
    const auto low = digit_value(text[at + 1]);
    if (!high || !low) return std::nullopt;
    guid.bytes_[byte] = static_cast<std::uint8_t>(*high << 4 | *low);
    at += 2;
    if (is_before_hyphen(byte) && text[at++] != '-') return std::nullopt;
  }
  return guid;
}

std::string Guid::to_string() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    text += digits[bytes_[byte] >> 4];
    text += digits[bytes_[byte] & 15];
    if (is_before_hyphen(byte)) text += '-';
  }
  return text;
}

}  // namespace postern::directory

#include "directory/guid.h"

#include <array>

namespace postern::directory {
namespace {

// RFC 9562 section 4: hyphens stand after these bytes.
bool is_before_hyphen(std::size_t byte) {
  return byte == 3 || byte == 5 || byte == 7 || byte == 9;
}

constexpr std::uint8_t no_digit = 0xff;

/// Of a million connectors all are parsed when the directory is loaded.
constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t value = 0; value < 16; ++value) {
    values[static_cast<std::uint8_t>("0123456789abcdef"[value])] = value;
    values[static_cast<std::uint8_t>("0123456789ABCDEF"[value])] = value;
  }
  return values;
}();

}  // namespace

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Guid guid;
  const char* at = text.data();
  for (std::size_t byte = 0; byte < guid.bytes_.size(); ++byte) {
    const std::uint8_t high = digit_values[static_cast<std::uint8_t>(*at++)];
    const std::uint8_t low = digit_values[static_cast<std::uint8_t>(*at++)];
    if (high == no_digit || low == no_digit) return std::nullopt;
    guid.bytes_[byte] = static_cast<std::uint8_t>(high << 4 | low);
    if (is_before_hyphen(byte) && *at++ != '-') return std::nullopt;
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

#include "mail/utf8.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"

namespace postern::mail {
namespace {

unsigned char octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// How many octets the character at `at` has; 0 if it is malformed (RFC 3629 section 4).
std::size_t character_length(std::string_view text, std::size_t at) {
  const unsigned char first = octet(text, at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() - at < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((octet(text, at + i) & 0xc0) != 0x80) return 0;

  // The second octet tells overlong forms, surrogates and numbers beyond Unicode.
  const unsigned char second = octet(text, at + 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool is_ascii_only(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_ascii(c); });
}

std::string repaired_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    result += length == 0 ? replacement_character : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

std::string displayable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    const char c = text[at];
    const bool is_c0 = length == 1 && (octet(text, at) < 0x20 || c == '\x7f');
    const bool is_c1 = length == 2 && c == '\xc2' && octet(text, at + 1) < 0xa0;
    if (c == '\t' || c == '\r' || c == '\n')
      result += ' ';
    else
      result += length == 0 || is_c0 || is_c1 ? replacement_character : text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return result;
}

}  // namespace postern::mail

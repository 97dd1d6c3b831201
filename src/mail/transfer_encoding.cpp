#include "mail/transfer_encoding.h"

#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "base/cursor.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

std::optional<unsigned> base64_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0') + 52;
  if (is_alpha(c)) return static_cast<unsigned>(to_lower(c) - 'a') + (c >= 'a' ? 26 : 0);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

/// Lower-case digits are against RFC 2045 section 6.7, and frequent.
std::optional<unsigned> hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

/// `=3D` at the start of `text`.
std::optional<char> escaped(std::string_view text) {
  if (text.size() < 3 || text[0] != '=') return std::nullopt;
  const auto high = hex_value(text[1]);
  const auto low = hex_value(text[2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high << 4 | *low);
}

/// One line without its ending: blanks at its end were added on the way.
void append_line(std::string& out, std::string_view line) {
  while (!line.empty()) {
    if (const auto octet = escaped(line)) {
      out += *octet;
      line.remove_prefix(3);
    } else {
      out += line.front();
      line.remove_prefix(1);
    }
  }
}

std::string_view without_trailing_blanks(std::string_view line) {
  while (!line.empty() && is_wsp(line.back())) line.remove_suffix(1);
  return line;
}

}  // namespace

TransferEncoding parse_transfer_encoding(std::string_view body) {
  Cursor in(body);
  skip_cfws(in);
  const std::string_view word = in.take_while(is_token_character);
  if (word.empty() || iequals(word, "7bit") || iequals(word, "8bit") || iequals(word, "binary"))
    return TransferEncoding::identity;
  if (iequals(word, "base64")) return TransferEncoding::base64;
  if (iequals(word, "quoted-printable")) return TransferEncoding::quoted_printable;
  return TransferEncoding::unknown;
}

std::string decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') bits = 0;  // what is left of this group is filling
    const auto value = base64_value(c);
    if (!value) continue;
    group = group << 6 | *value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 0xff);
  }
  return bytes;
}

std::string decode_quoted_printable(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const std::size_t line_feed = text.find('\n');
    const bool has_ending = line_feed != std::string_view::npos;
    std::string_view line = text.substr(0, line_feed);
    text.remove_prefix(has_ending ? line_feed + 1 : text.size());
    const bool has_cr = has_ending && line.ends_with('\r');
    if (has_cr) line.remove_suffix(1);
    line = without_trailing_blanks(line);
    if (line.ends_with('=')) {
      line.remove_suffix(1);
      append_line(bytes, line);
      continue;
    }
    append_line(bytes, line);
    if (has_ending) bytes += has_cr ? "\r\n" : "\n";
  }
  return bytes;
}

std::string decode_q(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  append_line(bytes, text);
  // `=5F` is an underscore, so blanks are put where `_` stood in the text.
  std::size_t at = 0;
  for (char& c : bytes) {
    if (text[at] == '_') c = ' ';
    at += escaped(text.substr(at)) ? 3 : 1;
  }
  return bytes;
}

}  // namespace postern::mail

#include "assess/text_decoder.h"

#include "mail/utf8.h"

namespace postern::assess {
namespace {

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
  const auto put_tail = [&put](std::uint32_t bits) { put(0x80 | (bits & 0x3f)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put_tail(code);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put_tail(code >> 6);
    put_tail(code);
  } else {
    put(0xf0 | code >> 18);
    put_tail(code >> 12);
    put_tail(code >> 6);
    put_tail(code);
  }
}

constexpr bool is_high_surrogate(std::uint16_t unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
constexpr bool is_low_surrogate(std::uint16_t unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

/// Octets that tell a byte order mark of UTF-8 from anything else.
constexpr std::size_t mark_size = 3;

}  // namespace

void TextDecoder::feed(std::string_view bytes, std::string& out) {
  if (encoding_ == Encoding::undecided) {
    held_ += bytes;
    if (held_.size() >= mark_size) decide(out);
  } else if (encoding_ == Encoding::utf8) {
    out += bytes;
  } else {
    decode_units(bytes, out);
  }
}

void TextDecoder::finish(std::string& out) {
  if (encoding_ == Encoding::undecided) decide(out);
  if (encoding_ == Encoding::utf8) return;
  if (high_surrogate_ != 0 || !held_.empty()) out += mail::replacement_character;
  high_surrogate_ = 0;
  held_.clear();
}

void TextDecoder::decide(std::string& out) {
  const std::string first = std::move(held_);
  held_.clear();
  std::string_view rest = first;
  if (rest.starts_with("\xff\xfe")) {
    encoding_ = Encoding::utf16_little;
    rest.remove_prefix(2);
  } else if (rest.starts_with("\xfe\xff")) {
    encoding_ = Encoding::utf16_big;
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest[0] != '\0' && rest[1] == '\0') {
    // Without a mark: no export begins with a letter that is not ASCII.
    encoding_ = Encoding::utf16_little;
  } else if (rest.size() > 1 && rest[0] == '\0' && rest[1] != '\0') {
    encoding_ = Encoding::utf16_big;
  } else {
    encoding_ = Encoding::utf8;
    if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(mark_size);
    out += rest;
    return;
  }
  decode_units(rest, out);
}

void TextDecoder::decode_units(std::string_view bytes, std::string& out) {
  const auto unit_of = [this](char first, char second) {
    const auto a = static_cast<std::uint8_t>(first);
    const auto b = static_cast<std::uint8_t>(second);
    return static_cast<std::uint16_t>(encoding_ == Encoding::utf16_big ? a << 8 | b : b << 8 | a);
  };
  if (!held_.empty() && !bytes.empty()) {
    take_unit(unit_of(held_.front(), bytes.front()), out);
    held_.clear();
    bytes.remove_prefix(1);
  }
  for (; bytes.size() >= 2; bytes.remove_prefix(2)) take_unit(unit_of(bytes[0], bytes[1]), out);
  held_ += bytes;
}

void TextDecoder::take_unit(std::uint16_t unit, std::string& out) {
  if (is_low_surrogate(unit)) {
    if (high_surrogate_ == 0) {
      out += mail::replacement_character;
      return;
    }
    append_utf8(0x10000u + ((high_surrogate_ - 0xd800u) << 10) + (unit - 0xdc00u), out);
    high_surrogate_ = 0;
    return;
  }
  if (high_surrogate_ != 0) out += mail::replacement_character;
  high_surrogate_ = is_high_surrogate(unit) ? unit : 0;
  if (high_surrogate_ == 0) append_utf8(unit, out);
}

}  // namespace postern::assess

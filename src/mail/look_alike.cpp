#include "mail/look_alike.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace postern::mail {
namespace {

constexpr std::size_t max_label = 63;
constexpr char32_t last_character = 0x10ffff;

// The parameters of RFC 3492 section 5.
constexpr std::uint32_t base = 36;
constexpr std::uint32_t t_min = 1;
constexpr std::uint32_t t_max = 26;
constexpr std::uint32_t skew = 38;
constexpr std::uint32_t damp = 700;
constexpr std::uint32_t initial_bias = 72;
constexpr std::uint32_t initial_n = 128;

/// RFC 3492 section 6.1.
std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool is_first) {
  delta = is_first ? delta / damp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (base - t_min) * t_max / 2; k += base) delta /= base - t_min;
  return k + (base - t_min + 1) * delta / (delta + skew);
}

std::optional<std::uint32_t> digit_value(char c) {
  if (is_alpha(c)) return static_cast<std::uint32_t>(to_lower(c) - 'a');
  if (is_digit(c)) return static_cast<std::uint32_t>(c - '0' + 26);
  return std::nullopt;
}

/// What stands behind `xn--`. Numbers cannot overflow 64 bits: a label has few digits, and each
/// factor is at most 36.
std::optional<std::u32string> decode_punycode(std::string_view text) {
  std::u32string out;
  if (const std::size_t hyphen = text.rfind('-'); hyphen != std::string_view::npos) {
    for (const char c : text.substr(0, hyphen)) out += static_cast<unsigned char>(c);
    text.remove_prefix(hyphen + 1);
  }
  std::uint64_t n = initial_n;
  std::uint64_t i = 0;
  std::uint32_t bias = initial_bias;
  while (!text.empty()) {
    const std::uint64_t before = i;
    std::uint64_t weight = 1;
    for (std::uint32_t k = base;; k += base) {
      if (text.empty()) return std::nullopt;
      const auto digit = digit_value(text.front());
      if (!digit) return std::nullopt;
      text.remove_prefix(1);
      i += *digit * weight;
      if (i > UINT32_MAX) return std::nullopt;
      const std::uint32_t t = std::clamp(k, bias + t_min, bias + t_max) - bias;
      if (*digit < t) break;
      weight *= base - t;
      if (weight > UINT32_MAX) return std::nullopt;
    }
    const auto points = static_cast<std::uint32_t>(out.size()) + 1;
    bias = adapt(static_cast<std::uint32_t>(i - before), points, before == 0);
    n += i / points;
    i %= points;
    const bool is_surrogate = n >= 0xd800 && n <= 0xdfff;
    if (n > last_character || is_surrogate) return std::nullopt;
    out.insert(static_cast<std::size_t>(i), 1, static_cast<char32_t>(n));
    ++i;
  }
  return out;
}

constexpr char dropped = '\0';

struct Likeness {
  char32_t first;
  char32_t last;
  char looks_like;
};
/// In order. Letters that only differ by marks stand together in Unicode, so ranges do.
constexpr auto likenesses = std::to_array<Likeness>({
    // Digits.
    {U'0', U'0', 'o'},
    {U'1', U'1', 'l'},
    {U'3', U'3', 'e'},
    {U'5', U'5', 's'},
    {0xad, 0xad, dropped},  // a hyphen that is not shown
    // Latin with marks.
    {0xe0, 0xe5, 'a'},
    {0xe7, 0xe7, 'c'},
    {0xe8, 0xeb, 'e'},
    {0xec, 0xef, 'i'},
    {0xf0, 0xf0, 'd'},
    {0xf1, 0xf1, 'n'},
    {0xf2, 0xf6, 'o'},
    {0xf8, 0xf8, 'o'},
    {0xf9, 0xfc, 'u'},
    {0xfd, 0xfd, 'y'},
    {0xfe, 0xfe, 'p'},
    {0xff, 0xff, 'y'},
    {0x100, 0x105, 'a'},
    {0x106, 0x10d, 'c'},
    {0x10e, 0x111, 'd'},
    {0x112, 0x11b, 'e'},
    {0x11c, 0x123, 'g'},
    {0x124, 0x127, 'h'},
    {0x128, 0x131, 'i'},
    {0x134, 0x135, 'j'},
    {0x136, 0x138, 'k'},
    {0x139, 0x142, 'l'},
    {0x143, 0x14b, 'n'},
    {0x14c, 0x151, 'o'},
    {0x154, 0x159, 'r'},
    {0x15a, 0x161, 's'},
    {0x162, 0x167, 't'},
    {0x168, 0x173, 'u'},
    {0x174, 0x175, 'w'},
    {0x176, 0x178, 'y'},
    {0x179, 0x17e, 'z'},
    {0x17f, 0x17f, 'f'},
    {0x180, 0x180, 'b'},
    {0x199, 0x199, 'k'},
    {0x1a0, 0x1a1, 'o'},
    {0x1af, 0x1b0, 'u'},
    {0x1cd, 0x1ce, 'a'},
    {0x1cf, 0x1d0, 'i'},
    {0x1d1, 0x1d2, 'o'},
    {0x1d3, 0x1dc, 'u'},
    {0x218, 0x219, 's'},
    {0x21a, 0x21b, 't'},
    {0x226, 0x227, 'a'},
    {0x228, 0x229, 'e'},
    {0x22a, 0x231, 'o'},
    {0x251, 0x251, 'a'},
    {0x253, 0x253, 'b'},
    {0x256, 0x257, 'd'},
    {0x260, 0x261, 'g'},
    {0x266, 0x266, 'h'},
    {0x268, 0x26a, 'i'},
    {0x26b, 0x26d, 'l'},
    {0x271, 0x271, 'm'},
    {0x272, 0x274, 'n'},
    {0x280, 0x280, 'r'},
    {0x282, 0x282, 's'},
    {0x288, 0x288, 't'},
    {0x299, 0x299, 'b'},
    {0x29f, 0x29f, 'l'},
    {0x300, 0x36f, dropped},  // marks that stand alone
    // Greek.
    {0x390, 0x390, 'i'},
    {0x3ac, 0x3ac, 'a'},
    {0x3ad, 0x3ad, 'e'},
    {0x3ae, 0x3ae, 'n'},
    {0x3af, 0x3af, 'i'},
    {0x3b0, 0x3b0, 'u'},
    {0x3b1, 0x3b1, 'a'},
    {0x3b2, 0x3b2, 'b'},
    {0x3b3, 0x3b3, 'y'},
    {0x3b5, 0x3b5, 'e'},
    {0x3b7, 0x3b7, 'n'},
    {0x3b9, 0x3b9, 'i'},
    {0x3ba, 0x3ba, 'k'},
    {0x3bc, 0x3bc, 'u'},
    {0x3bd, 0x3bd, 'v'},
    {0x3bf, 0x3bf, 'o'},
    {0x3c1, 0x3c1, 'p'},
    {0x3c2, 0x3c2, 'c'},
    {0x3c3, 0x3c3, 'o'},
    {0x3c4, 0x3c4, 't'},
    {0x3c5, 0x3c5, 'u'},
    {0x3c7, 0x3c7, 'x'},
    {0x3c9, 0x3c9, 'w'},
    {0x3ca, 0x3ca, 'i'},
    {0x3cb, 0x3cb, 'u'},
    {0x3cc, 0x3cc, 'o'},
    {0x3cd, 0x3cd, 'u'},
    {0x3ce, 0x3ce, 'w'},
    {0x3f2, 0x3f2, 'c'},
    {0x3f3, 0x3f3, 'j'},
    // Cyrillic.
    {0x430, 0x430, 'a'},
    {0x432, 0x432, 'b'},
    {0x433, 0x433, 'r'},
    {0x435, 0x435, 'e'},
    {0x437, 0x437, 'e'},  // as the digit 3
    {0x43a, 0x43a, 'k'},
    {0x43c, 0x43c, 'm'},
    {0x43d, 0x43d, 'h'},
    {0x43e, 0x43e, 'o'},
    {0x43f, 0x43f, 'n'},
    {0x440, 0x440, 'p'},
    {0x441, 0x441, 'c'},
    {0x442, 0x442, 't'},
    {0x443, 0x443, 'y'},
    {0x445, 0x445, 'x'},
    {0x44c, 0x44c, 'b'},
    {0x450, 0x451, 'e'},
    {0x453, 0x453, 'r'},
    {0x455, 0x455, 's'},
    {0x456, 0x457, 'i'},
    {0x458, 0x458, 'j'},
    {0x45c, 0x45c, 'k'},
    {0x45e, 0x45e, 'y'},
    {0x461, 0x461, 'w'},
    {0x475, 0x475, 'v'},
    {0x491, 0x491, 'r'},
    {0x49b, 0x49b, 'k'},
    {0x4a3, 0x4a3, 'h'},
    {0x4ab, 0x4ab, 'c'},
    {0x4af, 0x4af, 'y'},
    {0x4b3, 0x4b3, 'x'},
    {0x4bb, 0x4bb, 'h'},
    {0x4cf, 0x4cf, 'l'},
    {0x4d1, 0x4d3, 'a'},
    {0x4d7, 0x4d7, 'e'},
    {0x4e7, 0x4e9, 'o'},
    {0x501, 0x501, 'd'},
    {0x50d, 0x50d, 'g'},
    {0x51b, 0x51b, 'q'},
    {0x51d, 0x51d, 'w'},
    // Armenian.
    {0x563, 0x563, 'q'},
    {0x570, 0x570, 'h'},
    {0x578, 0x578, 'n'},
    {0x57d, 0x57d, 'u'},
    {0x581, 0x581, 'g'},
    {0x585, 0x585, 'o'},
    // Small capitals.
    {0x1d00, 0x1d00, 'a'},
    {0x1d04, 0x1d04, 'c'},
    {0x1d05, 0x1d05, 'd'},
    {0x1d07, 0x1d07, 'e'},
    {0x1d0a, 0x1d0a, 'j'},
    {0x1d0b, 0x1d0b, 'k'},
    {0x1d0d, 0x1d0d, 'm'},
    {0x1d0f, 0x1d0f, 'o'},
    {0x1d18, 0x1d18, 'p'},
    {0x1d1b, 0x1d1b, 't'},
    {0x1d1c, 0x1d1c, 'u'},
    {0x1d20, 0x1d20, 'v'},
    {0x1d21, 0x1d21, 'w'},
    {0x1d22, 0x1d22, 'z'},
    // Latin with more marks.
    {0x1e00, 0x1e01, 'a'},
    {0x1e02, 0x1e07, 'b'},
    {0x1e08, 0x1e09, 'c'},
    {0x1e0a, 0x1e13, 'd'},
    {0x1e14, 0x1e1d, 'e'},
    {0x1e1e, 0x1e1f, 'f'},
    {0x1e20, 0x1e21, 'g'},
    {0x1e22, 0x1e2b, 'h'},
    {0x1e2c, 0x1e2f, 'i'},
    {0x1e30, 0x1e35, 'k'},
    {0x1e36, 0x1e3d, 'l'},
    {0x1e3e, 0x1e43, 'm'},
    {0x1e44, 0x1e4b, 'n'},
    {0x1e4c, 0x1e53, 'o'},
    {0x1e54, 0x1e57, 'p'},
    {0x1e58, 0x1e5f, 'r'},
    {0x1e60, 0x1e69, 's'},
    {0x1e6a, 0x1e71, 't'},
    {0x1e72, 0x1e7b, 'u'},
    {0x1e7c, 0x1e7f, 'v'},
    {0x1e80, 0x1e89, 'w'},
    {0x1e8a, 0x1e8d, 'x'},
    {0x1e8e, 0x1e8f, 'y'},
    {0x1e90, 0x1e95, 'z'},
    {0x1e96, 0x1e96, 'h'},
    {0x1e97, 0x1e97, 't'},
    {0x1e98, 0x1e98, 'w'},
    {0x1e99, 0x1e99, 'y'},
    {0x1ea0, 0x1eb7, 'a'},
    {0x1eb8, 0x1ec7, 'e'},
    {0x1ec8, 0x1ecb, 'i'},
    {0x1ecc, 0x1ee3, 'o'},
    {0x1ee4, 0x1ef1, 'u'},
    {0x1ef2, 0x1ef9, 'y'},
    {0x200b, 0x200f, dropped},  // not shown
    {0x2060, 0x2060, dropped},
    {0xfeff, 0xfeff, dropped},
});
static_assert(std::ranges::adjacent_find(likenesses, [](const Likeness& a, const Likeness& b) {
                return a.last >= b.first;
              }) == likenesses.end());

constexpr char32_t look_up(char32_t c) {
  const auto* const found =
      std::ranges::lower_bound(likenesses, c, {}, [](const Likeness& one) { return one.last; });
  const bool is_there = found != likenesses.end() && found->first <= c;
  return is_there ? static_cast<unsigned char>(found->looks_like) : c;
}

/// Nearly all names are ASCII.
constexpr auto ascii_likenesses = [] {
  std::array<char32_t, 128> table{};
  for (char32_t c = 0; c < table.size(); ++c) table[c] = look_up(c);
  return table;
}();

char32_t looks_like(char32_t c) {
  return c < ascii_likenesses.size() ? ascii_likenesses[c] : look_up(c);
}

/// Two letters that run into one; 0: they do not.
char32_t joined(char32_t a, char32_t b) {
  if (a == U'r' && b == U'n') return U'm';
  if (a == U'v' && b == U'v') return U'w';
  if (a == U'c' && b == U'l') return U'd';
  return 0;
}

}  // namespace

std::u32string shown_label(std::string_view label) {
  constexpr std::string_view prefix = "xn--";
  if (istarts_with(label, prefix) && label.size() <= max_label) {
    if (auto decoded = decode_punycode(label.substr(prefix.size()))) return *std::move(decoded);
  }
  std::u32string shown;
  shown.reserve(label.size());
  for (const char c : label) shown += static_cast<unsigned char>(c);
  return shown;
}

std::u32string skeleton(std::u32string_view label) {
  std::u32string letters;
  letters.reserve(label.size());
  for (const char32_t c : label) {
    if (const char32_t letter = looks_like(c); letter != dropped) letters += letter;
  }
  std::u32string out;
  out.reserve(letters.size());
  for (std::size_t at = 0; at < letters.size(); ++at) {
    const char32_t pair = at + 1 < letters.size() ? joined(letters[at], letters[at + 1]) : 0;
    out += pair == 0 ? letters[at] : pair;
    if (pair != 0) ++at;
  }
  return out;
}

bool is_one_edit_away(std::u32string_view a, std::u32string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  if (a.size() > b.size() + 1) return false;
  // What they have in common at both ends leaves what differs in the middle.
  const auto [begin, ignored] = std::ranges::mismatch(a, b);
  const auto same = static_cast<std::size_t>(begin - a.begin());
  a.remove_prefix(same);
  b.remove_prefix(same);
  while (!b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  if (b.empty()) return a.size() == 1;
  if (a.size() != b.size()) return false;
  return a.size() == 1 || (a.size() == 2 && a[0] == b[1] && a[1] == b[0]);
}

}  // namespace postern::mail

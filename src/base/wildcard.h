// Patterns as administrators write them: `*@contoso.com`, `printer-?`.
#pragma once

#include <string_view>

#include "base/ascii.h"

namespace postern {

/// `*` stands for any characters and `?` for one; ASCII letters match in either case.
///
/// On a mismatch the last star swallows one character more and matching goes on from there: no
/// memory, and at worst text times pattern steps, whatever the pattern.
constexpr bool matches_wildcard(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || to_lower(pattern[p]) == to_lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace postern

// Helpers that all kinds of reports share: the words and texts that strangers write into them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/time.h"
#include "mail/utf8.h"

namespace postern::reports {

/// Which of `values` is printed as `word`, in any case? Nothing: none.
template <class Word>
std::optional<Word> find_word(std::string_view word, std::initializer_list<Word> values) {
  for (const Word value : values)
    if (iequals(word, to_string(value))) return value;
  return std::nullopt;
}

/// On one line of UTF-8 without control characters and without blanks at its ends.
inline std::string clean_text(std::string_view text) {
  return std::string(trim(mail::displayable(text)));
}

}  // namespace postern::reports

// A reading position in some text: what all hand-written parsers here share.
//
// Every `take` either consumes what was wanted or changes nothing, so a grammar rule can
// be tried, and given up, by copying the cursor.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.h"

namespace postern {

class Cursor {
 public:
  explicit constexpr Cursor(std::string_view text) : rest_(text) {}

  constexpr bool at_end() const { return rest_.empty(); }
  constexpr std::string_view rest() const { return rest_; }

  /// The next character, or NUL at the end.
  constexpr char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  constexpr bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  constexpr bool take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }

  /// As `take`, with ASCII letters in either case.
  constexpr bool take_word(std::string_view wanted) {
    if (!istarts_with(rest_, wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }

  /// The longest run of characters that `accepts` likes; perhaps empty.
  template <class Predicate>
  constexpr std::string_view take_while(Predicate accepts) {
    std::size_t n = 0;
    while (n < rest_.size() && accepts(rest_[n])) ++n;
    return take_count(n);
  }

  /// The next `n` characters, or as many as there are.
  constexpr std::string_view take_count(std::size_t n) {
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  /// What stands before the next `end`, which is consumed too; nothing if there is none.
  constexpr std::optional<std::string_view> take_until(char end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view taken = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace postern

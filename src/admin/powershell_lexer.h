// Reads the words, strings and blanks of a cmdlet line: the lowest layer of the grammar that
// powershell_parser.h describes.
//
// What administrators paste comes from web pages and Word documents, so the typographic dashes
// and quotation marks that PowerShell itself understands are understood here too, and so is
// the no-break space.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/value.h"
#include "base/cursor.h"
#include "base/result.h"
#include "base/time.h"

namespace postern::admin {

class PowerShellLexer {
 public:
  /// Longest line or script that is read: far above any script, well below what hurts.
  static constexpr std::size_t max_text = 16 * 1024 * 1024;
  /// Brackets within brackets.
  static constexpr int max_depth = 32;

  /// `now` is what (Get-Date) stands for. `text` must outlive the lexer.
  PowerShellLexer(std::string_view text, Time now) : in_(text), text_(text), now_(now) {}

  bool at_end() const { return in_.at_end(); }
  char peek() const { return in_.peek(); }
  bool take(char wanted) { return in_.take(wanted); }
  Time now() const { return now_; }

  /// Spaces, tabs, comments, and line ends after a backtick.
  void skip_blanks();
  /// Those and line ends.
  void skip_blanks_and_lines();
  /// A semicolon or line end, with all that are beside it.
  bool take_separator();

  /// `-Name`: a dash with a letter or `_` after it. Nothing if there is no parameter here.
  std::optional<std::string> take_parameter();
  /// As take_parameter without consuming.
  bool at_parameter() const;

  bool at_quote() const;
  /// A 'single' or "double" quoted string with its escapes undone. Call at_quote first.
  Result<std::string> take_string();

  /// A bare word with the quoted pieces in it (`a'b c'd`); empty if there is none here. Ends at
  /// a blank, one of `| ; , ( ) { }`, and at `=` if `ends_at_equals`.
  enum class Equals { part_of_word, ends_word };
  Result<std::string> take_word(Equals equals = Equals::part_of_word);

  /// `$name` with the dollar sign, in lower case: `$true`, `$_`.
  std::string take_variable();

  /// Letters, digits and `_`: names after a dot.
  std::string take_name();

  /// The sentence with the place where reading stopped.
  std::unexpected<Error> fail(std::string_view sentence) const;

  /// Guards recursion: `if (!lexer.enter()) return …`, then leave().
  bool enter() { return ++depth_ <= max_depth; }
  void leave() { --depth_; }

 private:
  void skip(bool lines);
  Result<std::string> take_single_quoted();
  Result<std::string> take_double_quoted();
  void take_escape(std::string& out);

  Cursor in_;
  std::string_view text_;
  Time now_;
  int depth_ = 0;
};

/// A bare word as a value: a number where it prints again as it was written, else text.
/// `0042` and `1.10` stay text, since a name may look like that.
Value word_value(std::string word);

}  // namespace postern::admin

// The letters and words that structured header fields share (RFC 5322 section 3.2): comments,
// quoted strings and folding, to read and to write.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/cursor.h"

namespace postern::mail {

/// How deep comments may be nested.
inline constexpr int max_comment_depth = 20;

/// A letter of FWS, folding white space.
constexpr bool is_fws(char c) {
  return is_wsp(c) || c == '\r' || c == '\n';
}

/// [CFWS]: skips blanks, line endings and comments. False if a comment does not end or is nested
/// too deeply; the cursor then stands behind everything that could be skipped. The content of
/// the comments is appended to `comments`, if given, with a blank between two.
bool skip_cfws(Cursor& in, std::string* comments = nullptr);

/// quoted-string, without white space around it. Appends its content without quotes, backslashes
/// and line endings. False if there is none or it does not end.
bool take_quoted_string(Cursor& in, std::string& content);

/// Which octets belong to a class of letters.
using LetterTable = std::array<bool, 256>;

constexpr LetterTable make_letter_table(bool (*belongs)(char)) {
  LetterTable table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = belongs(static_cast<char>(i));
  return table;
}

inline constexpr LetterTable token_letters = make_letter_table([](char c) {
  return !is_ascii(c) ||
         (c > ' ' && c < '\x7f' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c));
});
inline constexpr LetterTable atext_letters = make_letter_table([](char c) {
  return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
});

/// A token of RFC 2045 section 5.1 letter by letter; octets above 127 count as letters.
constexpr bool is_token_character(char c) {
  return token_letters[static_cast<unsigned char>(c)];
}
/// atext of RFC 5322 section 3.2.3, with the UTF-8 of RFC 6532.
constexpr bool is_atext(char c) {
  return atext_letters[static_cast<unsigned char>(c)];
}

/// What a stranger gave us, fit for a header field of ours: control characters become `?`.
std::string printable(std::string_view text);
/// In quotes, whatever it is.
std::string quoted(std::string_view text);
void append_quoted(std::string& out, std::string_view text);
/// `(text)`, with parentheses and backslashes escaped.
std::string comment(std::string_view text);
void append_comment(std::string& out, std::string_view text);

/// A header field in the making, folded at blanks so that lines stay within 78 octets
/// (RFC 5322 section 2.1.1) where words allow it.
class FieldWriter {
 public:
  explicit FieldWriter(std::string_view name);

  /// One word that must not be broken, put behind a blank or a fold.
  FieldWriter& word(std::string_view text) {
    open_word() += text;
    return close_word();
  }
  /// The same in pieces: append the word to what `open_word` returns.
  std::string& open_word();
  FieldWriter& close_word();
  /// The next word begins a line.
  FieldWriter& new_line();
  /// The whole field, ended by CRLF.
  std::string finish();

 private:
  std::string field_;
  std::size_t column_ = 0;  ///< where the last word that was closed ends
  std::size_t word_ = 0;    ///< where the blank before the open word stands
  bool is_first_ = true;
  bool break_ = false;
};

}  // namespace postern::mail

#include "admin/powershell_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace postern::admin {
namespace {

// UTF-8 of en dash, em dash and horizontal bar; of the single and double quotation marks that
// PowerShell reads as ' and "; of the no-break space.
constexpr std::array<std::string_view, 4> dashes = {"-", "\u2013", "\u2014", "\u2015"};
constexpr std::array<std::string_view, 5> single_quotes = {"'", "\u2018", "\u2019", "\u201a",
                                                           "\u201b"};
constexpr std::array<std::string_view, 4> double_quotes = {"\"", "\u201c", "\u201d", "\u201e"};
constexpr std::string_view no_break_space = "\u00a0";

bool take_one_of(Cursor& in, std::span<const std::string_view> spellings) {
  return std::ranges::any_of(spellings, [&](std::string_view text) { return in.take(text); });
}

bool at_one_of(Cursor in, std::span<const std::string_view> spellings) {
  return take_one_of(in, spellings);
}

bool is_name_character(char c) {
  return is_alnum(c) || c == '_';
}

bool ends_word(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || std::string_view("|;,(){}").contains(c);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// `{1F600}` after a backtick and u; nothing if malformed.
std::optional<std::uint32_t> take_code_point(Cursor& in) {
  Cursor attempt = in;
  if (!attempt.take('{')) return std::nullopt;
  const auto digits = attempt.take_until('}');
  if (!digits || digits->empty() || digits->size() > 6) return std::nullopt;
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(digits->data(), digits->data() + digits->size(), code, 16);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (error != std::errc{} || end != digits->data() + digits->size() || code > 0x10ffff ||
      surrogate) {
    return std::nullopt;
  }
  in = attempt;
  return code;
}

}  // namespace

void PowerShellLexer::skip(bool lines) {
  for (;;) {
    if (in_.take(' ') || in_.take('\t') || in_.take(no_break_space)) continue;
    if (in_.take("`\n") || in_.take("`\r\n")) continue;
    if (lines && (in_.take('\n') || in_.take('\r'))) continue;
    if (in_.take("<#")) {
      // A comment that is not closed runs to the end, as it does in PowerShell's own editor.
      const std::size_t end = in_.rest().find("#>");
      in_.take_count(end == std::string_view::npos ? end : end + 2);
      continue;
    }
    if (in_.peek() == '#') {
      in_.take_while([](char c) { return c != '\n'; });
      continue;
    }
    return;
  }
}

void PowerShellLexer::skip_blanks() {
  skip(false);
}
void PowerShellLexer::skip_blanks_and_lines() {
  skip(true);
}

bool PowerShellLexer::take_separator() {
  bool taken = false;
  for (;;) {
    skip_blanks();
    if (!in_.take(';') && !in_.take('\n') && !in_.take('\r')) return taken;
    taken = true;
  }
}

bool PowerShellLexer::at_parameter() const {
  Cursor attempt = in_;
  return take_one_of(attempt, dashes) && (is_alpha(attempt.peek()) || attempt.peek() == '_');
}

std::optional<std::string> PowerShellLexer::take_parameter() {
  if (!at_parameter()) return std::nullopt;
  take_one_of(in_, dashes);
  return take_name();
}

bool PowerShellLexer::at_quote() const {
  return at_one_of(in_, single_quotes) || at_one_of(in_, double_quotes);
}

Result<std::string> PowerShellLexer::take_string() {
  if (take_one_of(in_, single_quotes)) return take_single_quoted();
  take_one_of(in_, double_quotes);
  return take_double_quoted();
}

Result<std::string> PowerShellLexer::take_single_quoted() {
  std::string text;
  while (!in_.at_end()) {
    if (!take_one_of(in_, single_quotes)) {
      text += in_.take_count(1);
    } else if (take_one_of(in_, single_quotes)) {
      text += '\'';  // Doubled: the quote itself.
    } else {
      return text;
    }
  }
  return fail("The string that begins with ' is not closed.");
}

Result<std::string> PowerShellLexer::take_double_quoted() {
  std::string text;
  while (!in_.at_end()) {
    if (in_.take('`')) {
      take_escape(text);
    } else if (in_.peek() == '$') {
      const Cursor before = in_;
      in_.take('$');
      if (is_name_character(in_.peek()) || in_.peek() == '{' || in_.peek() == '(') {
        in_ = before;
        return fail("Variables in a string are not supported; write `$ for a dollar sign.");
      }
      text += '$';
    } else if (!take_one_of(in_, double_quotes)) {
      text += in_.take_count(1);
    } else if (take_one_of(in_, double_quotes)) {
      text += '"';
    } else {
      return text;
    }
  }
  return fail("The string that begins with \" is not closed.");
}

void PowerShellLexer::take_escape(std::string& out) {
  const std::string_view escaped = in_.take_count(1);
  if (escaped.empty()) return;
  switch (escaped.front()) {
    case '0':
      out += '\0';
      break;
    case 'a':
      out += '\a';
      break;
    case 'b':
      out += '\b';
      break;
    case 'e':
      out += '\x1b';
      break;
    case 'f':
      out += '\f';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    case 't':
      out += '\t';
      break;
    case 'v':
      out += '\v';
      break;
    case 'u':
      if (const auto code = take_code_point(in_)) {
        append_utf8(out, *code);
      } else {
        out += 'u';
      }
      break;
    default:
      out += escaped;
      break;
  }
}

Result<std::string> PowerShellLexer::take_word(Equals equals) {
  std::string word;
  while (!in_.at_end()) {
    const char c = in_.peek();
    if (ends_word(c) || (equals == Equals::ends_word && c == '=')) break;
    if (Cursor attempt = in_; attempt.take(no_break_space)) break;
    if (c == '>' || c == '<' || c == '&') {
      return fail(fmt::format("'{}' is not supported here; put text with it in quotes.", c));
    }
    if (at_quote()) {
      Result<std::string> quoted = take_string();
      if (!quoted) return quoted;
      word += *quoted;
    } else if (c == '`') {
      in_.take('`');
      if (in_.at_end()) return fail("Nothing follows the backtick.");
      take_escape(word);
    } else if (c == '$') {
      const std::string variable = take_variable();
      if (variable.size() > 1) {
        return fail("Variables are not supported: " + variable + ".");
      }
      word += variable;
    } else {
      word += in_.take_count(1);
    }
  }
  return word;
}

std::string PowerShellLexer::take_variable() {
  if (!in_.take('$')) return {};
  return "$" + to_lower(in_.take_while(is_name_character));
}

std::string PowerShellLexer::take_name() {
  return std::string(in_.take_while(is_name_character));
}

std::unexpected<Error> PowerShellLexer::fail(std::string_view sentence) const {
  const std::string_view before = text_.substr(0, text_.size() - in_.rest().size());
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_end = before.rfind('\n');
  const std::string_view last =
      line_end == std::string_view::npos ? before : before.substr(line_end + 1);
  // Characters, not bytes: the bytes that continue one in UTF-8 do not count.
  const auto column = 1 + std::ranges::count_if(last, [](char c) {
                        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
                      });
  return postern::fail(fmt::format("Line {}, character {}: {}", line, column, sentence));
}

Value word_value(std::string word) {
  std::int64_t whole = 0;
  const char* end = word.data() + word.size();
  if (const auto parsed = std::from_chars(word.data(), end, whole);
      parsed.ec == std::errc{} && parsed.ptr == end && std::to_string(whole) == word) {
    return whole;
  }
  double number = 0;
  if (const auto parsed = std::from_chars(word.data(), end, number);
      parsed.ec == std::errc{} && parsed.ptr == end && word.contains('.') &&
      fmt::format("{}", number) == word) {
    return number;
  }
  return word;
}

}  // namespace postern::admin

#include "mail/lexical.h"

#include <utility>

namespace postern::mail {
namespace {

constexpr std::size_t preferred_line = 78;
/// Most fields of ours are shorter, so that they are written into memory that is there.
constexpr std::size_t usual_field = 320;

/// comment = "(" *([FWS] ccontent) [FWS] ")", with the cursor behind the first parenthesis.
bool take_comment(Cursor& in, std::string& content) {
  for (int depth = 1; !in.at_end();) {
    const char c = in.peek();
    in.take_count(1);
    if (c == '\\') {
      content += in.take_count(1);
      continue;
    }
    if (c == '(' && ++depth > max_comment_depth) return false;
    if (c == ')' && --depth == 0) return true;
    if (c != '\r' && c != '\n') content += c;
  }
  return false;
}

char printable(char c) {
  return is_ascii(c) && (c < ' ' || c == '\x7f') ? '?' : c;
}

std::string enclosed(char open, std::string_view text, char close) {
  std::string result;
  result.reserve(text.size() + 2);
  result += open;
  for (const char c : text) {
    if (c == open || c == close || c == '\\') result += '\\';
    result += printable(c);
  }
  return result += close;
}

}  // namespace

bool skip_cfws(Cursor& in, std::string* comments) {
  while (true) {
    in.take_while(is_fws);
    if (!in.take('(')) return true;
    std::string content;
    if (!take_comment(in, content)) return false;
    if (comments && !comments->empty() && !content.empty()) *comments += ' ';
    if (comments) *comments += content;
  }
}

bool take_quoted_string(Cursor& in, std::string& content) {
  Cursor ahead = in;
  if (!ahead.take('"')) return false;
  std::string text;
  while (!ahead.take('"')) {
    ahead.take('\\');
    if (ahead.at_end()) return false;
    const char c = ahead.peek();
    if (c != '\r' && c != '\n') text += c;
    ahead.take_count(1);
  }
  content += text;
  in = ahead;
  return true;
}

bool is_token_character(char c) {
  return (!is_ascii(c) || (c > ' ' && c < '\x7f')) &&
         !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
}

bool is_atext(char c) {
  return is_alnum(c) || !is_ascii(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) c = printable(c);
  return clean;
}

std::string quoted(std::string_view text) {
  return enclosed('"', text, '"');
}

std::string comment(std::string_view text) {
  return enclosed('(', text, ')');
}

FieldWriter::FieldWriter(std::string_view name) {
  field_.reserve(usual_field);
  field_ += name;
  field_ += ':';
  column_ = field_.size();
}

FieldWriter& FieldWriter::word(std::string_view text) {
  // The first word stays beside the name: a line of blanks alone would be no field body.
  const bool first = std::exchange(is_first_, false);
  const bool fits = column_ + 1 + text.size() <= preferred_line;
  if (!first && (std::exchange(break_, false) || !fits)) {
    field_ += "\r\n\t";
    column_ = 1;
  } else {
    field_ += ' ';
    ++column_;
  }
  field_ += text;
  column_ += text.size();
  return *this;
}

FieldWriter& FieldWriter::new_line() {
  break_ = true;
  return *this;
}

std::string FieldWriter::finish() {
  field_ += "\r\n";
  return std::exchange(field_, {});
}

}  // namespace postern::mail

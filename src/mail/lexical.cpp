#include "mail/lexical.h"

#include <utility>

namespace postern::mail {
namespace {

constexpr std::size_t preferred_line = 78;
/// Most fields of ours are shorter, so that they are written into memory that is there.
constexpr std::size_t usual_field = 480;

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

/// What a comment or a quoted string cannot hold as it is.
constexpr LetterTable delicate_letters = make_letter_table([](char c) {
  return (is_ascii(c) && (c < ' ' || c == '\x7f')) || std::string_view("\"()\\").contains(c);
});

void append_enclosed(std::string& out, char open, std::string_view text, char close) {
  out += open;
  std::size_t begin = 0;  // of what can be taken over as it is
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!delicate_letters[static_cast<unsigned char>(c)]) continue;
    out += text.substr(begin, i - begin);
    if (c == open || c == close || c == '\\') out += '\\';
    out += printable(c);
    begin = i + 1;
  }
  out += text.substr(begin);
  out += close;
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

std::string printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) c = printable(c);
  return clean;
}

std::string quoted(std::string_view text) {
  std::string result;
  append_quoted(result, text);
  return result;
}

void append_quoted(std::string& out, std::string_view text) {
  append_enclosed(out, '"', text, '"');
}

std::string comment(std::string_view text) {
  std::string result;
  append_comment(result, text);
  return result;
}

void append_comment(std::string& out, std::string_view text) {
  append_enclosed(out, '(', text, ')');
}

FieldWriter::FieldWriter(std::string_view name) {
  field_.reserve(usual_field);
  field_ += name;
  field_ += ':';
  column_ = field_.size();
}

std::string& FieldWriter::open_word() {
  word_ = field_.size();
  return field_ += ' ';
}

FieldWriter& FieldWriter::close_word() {
  const std::size_t size = field_.size() - word_;
  // The first word stays beside the name: a line of blanks alone would be no field body.
  const bool first = std::exchange(is_first_, false);
  const bool fits = column_ + size <= preferred_line;
  if (!first && (std::exchange(break_, false) || !fits)) {
    field_.replace(word_, 1, "\r\n\t");
    column_ = size;
  } else {
    column_ += size;
  }
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

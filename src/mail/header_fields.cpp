#include "mail/header_fields.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"

namespace postern::mail {
namespace {

/// RFC 5322 section 2.2: printable ASCII but the colon.
bool is_name_character(char c) {
  return c > ' ' && c < '\x7f' && c != ':';
}

bool is_line_ending(char c) {
  return c == '\r' || c == '\n';
}

/// The offset behind the line feed that ends the line at `at`, or the end of the message.
std::size_t end_of_line(std::string_view message, std::size_t at) {
  const std::size_t line_feed = message.find('\n', at);
  return line_feed == std::string_view::npos ? message.size() : line_feed + 1;
}

std::string_view without_line_ending(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

HeaderField field_at(std::string_view message, std::size_t begin, std::size_t end) {
  const std::string_view text = without_line_ending(message.substr(begin, end - begin));
  HeaderField field{.body = text, .begin = begin, .end = end};

  // The colon may follow blanks (RFC 5322 section 4.5) and, for readers that unfold first, a fold.
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return field;
  std::string_view name = text.substr(0, colon);
  while (!name.empty() && (is_wsp(name.back()) || is_line_ending(name.back())))
    name.remove_suffix(1);
  if (!std::ranges::all_of(name, is_name_character) || name.empty()) return field;
  field.name = name;
  field.body = text.substr(colon + 1);
  return field;
}

}  // namespace

bool HeaderField::is(std::string_view wanted) const {
  return iequals(name, wanted);
}

std::string_view to_sentence(HeaderTrouble trouble) {
  switch (trouble) {
    case HeaderTrouble::none:
      return "";
    case HeaderTrouble::too_large:
      return "The header section is too large";
    case HeaderTrouble::too_many_fields:
      return "The header section has too many fields";
    case HeaderTrouble::line_too_long:
      return "A line of the header section is too long";
  }
  std::abort();
}

const HeaderField* HeaderSection::first(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [name](const HeaderField& field) { return field.is(name); });
  return found == fields.end() ? nullptr : &*found;
}

std::size_t HeaderSection::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [name](const HeaderField& field) { return field.is(name); }));
}

HeaderSection parse_header_section(std::string_view message) {
  HeaderSection section;
  section.fields.reserve(32);
  std::size_t at = 0;
  while (at < message.size()) {
    // A field is a line and all lines behind it that begin with a blank.
    const std::size_t begin = at;
    do {
      const std::size_t end = end_of_line(message, at);
      if (end > max_header_bytes)
        section.trouble = HeaderTrouble::too_large;
      else if (end - at > max_header_line)
        section.trouble = HeaderTrouble::line_too_long;
      if (section.trouble != HeaderTrouble::none) return section;
      if (at == begin && without_line_ending(message.substr(at, end - at)).empty()) {
        section.body_begin = end;
        return section;
      }
      at = end;
    } while (at < message.size() && is_wsp(message[at]));

    if (section.fields.size() == max_header_fields) {
      section.trouble = HeaderTrouble::too_many_fields;
      return section;
    }
    section.fields.push_back(field_at(message, begin, at));
    section.body_begin = at;
  }
  return section;
}

std::string unfold(std::string_view body) {
  std::string line;
  line.reserve(body.size());
  for (const char c : body)
    if (!is_line_ending(c)) line += c;
  return std::string(trim(line));
}

}  // namespace postern::mail

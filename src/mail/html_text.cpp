#include "mail/html_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/ascii.h"
#include "base/cursor.h"

namespace postern::mail {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<Entity, 7> entities = {{{"amp", "&"},
                                             {"lt", "<"},
                                             {"gt", ">"},
                                             {"quot", "\""},
                                             {"apos", "'"},
                                             {"nbsp", " "},
                                             {"shy", ""}}};

/// Elements whose content is not read, and those that stand on a line of their own.
constexpr std::array<std::string_view, 4> unread = {"script", "style", "head", "template"};
constexpr std::array<std::string_view, 16> blocks = {"br", "p",     "div", "tr",        "li", "ul",
                                                     "ol", "table", "h1",  "h2",        "h3", "h4",
                                                     "h5", "h6",    "hr",  "blockquote"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::string utf8_of(std::uint32_t code) {
  constexpr std::uint32_t last = 0x10ffff;
  if (code == 0 || code > last || (code >= 0xd800 && code <= 0xdfff)) return "?";
  const auto octet = [](std::uint32_t value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return octet(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return {octet(code)};
  if (code < 0x800) return {octet(0xc0 | (code >> 6)), tail(0)};
  if (code < 0x10000) return {octet(0xe0 | (code >> 12)), tail(6), tail(0)};
  return {octet(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

/// `in` stands at an ampersand. What is no entity is an ampersand.
std::string take_entity(Cursor& in) {
  constexpr std::size_t longest = 10;
  const std::string_view rest = in.rest().substr(1, longest);
  const std::size_t end = rest.find(';');
  in.take('&');
  if (end == std::string_view::npos) return "&";
  const std::string_view name = rest.substr(0, end);
  if (name.starts_with('#')) {
    const bool is_hex = name.size() > 1 && to_lower(name[1]) == 'x';
    const std::string_view digits = name.substr(is_hex ? 2 : 1);
    std::uint32_t code = 0;
    const char* const stop = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), stop, code, is_hex ? 16 : 10);
    if (digits.empty() || parsed.ptr != stop) return "&";
    in.take_count(end + 1);
    return utf8_of(parsed.ec == std::errc() ? code : 0);
  }
  const auto* const known = std::ranges::find(entities, name, &Entity::name);
  if (known == entities.end()) return "&";
  in.take_count(end + 1);
  return std::string(known->text);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (Cursor in(text); !in.at_end();) {
    if (in.peek() == '&') {
      out += take_entity(in);
    } else {
      out += in.take_count(1);
    }
  }
  return out;
}

struct Tag {
  std::string name;  ///< in lower case
  bool closes = false;
  std::string_view attributes;
};

/// `in` stands at `<`. Quotes in attributes may hold `>`.
Tag take_tag(Cursor& in) {
  in.take('<');
  Tag tag;
  tag.closes = in.take('/');
  tag.name = to_lower(in.take_while(is_alnum));
  const std::string_view rest = in.rest();
  char quote = 0;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      break;
    }
  }
  tag.attributes = rest.substr(0, end);
  in.take_count(std::min(end + 1, rest.size()));
  return tag;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

/// The first href; empty: none.
std::string href_of(std::string_view attributes) {
  constexpr std::string_view name = "href";
  for (std::size_t at = 0; at + name.size() < attributes.size(); ++at) {
    if (!istarts_with(attributes.substr(at), name) || (at > 0 && is_alnum(attributes[at - 1])))
      continue;
    Cursor in(attributes.substr(at + name.size()));
    in.take_while(is_blank);
    if (!in.take('=')) continue;
    in.take_while(is_blank);
    const char quote = in.at_end() ? '\0' : in.peek();
    if (quote != '"' && quote != '\'')
      return decoded(in.take_while([](char c) { return !is_blank(c); }));
    in.take(quote);
    return decoded(in.take_while([&](char c) { return c != quote; }));
  }
  return {};
}

/// What HTML calls white space is one blank; never more than one empty line.
class TextLines {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (!is_blank(c)) {
        text_ += c;
      } else if (!text_.empty() && text_.back() != ' ' && text_.back() != '\n') {
        text_ += ' ';
      }
    }
  }
  void end_line() {
    while (text_.ends_with(' ')) text_.pop_back();
    if (!text_.empty() && !text_.ends_with("\n\n")) text_ += '\n';
  }
  std::string finish() {
    while (!text_.empty() && is_blank(text_.back())) text_.pop_back();
    return std::move(text_);
  }

 private:
  std::string text_;
};

/// Behind the end tag of `name`, or at the end.
void skip_element(Cursor& in, const std::string& name) {
  const std::string end = "</" + name;
  while (!in.at_end()) {
    in.take_while([](char c) { return c != '<'; });
    if (istarts_with(in.rest(), end)) {
      take_tag(in);
      return;
    }
    in.take_count(in.at_end() ? 0 : 1);
  }
}

void skip_comment(Cursor& in) {
  const std::size_t end = in.rest().find("-->");
  in.take_count(end == std::string_view::npos ? in.rest().size() : end + 3);
}

}  // namespace

std::string html_to_text(std::string_view html) {
  TextLines lines;
  std::string link;
  for (Cursor in(html); !in.at_end();) {
    if (in.peek() == '&') {
      lines.add(take_entity(in));
    } else if (in.peek() != '<') {
      lines.add(in.take_while([](char c) { return c != '<' && c != '&'; }));
    } else if (in.rest().starts_with("<!--")) {
      skip_comment(in);
    } else if (const std::string_view next = in.rest().substr(1, 1);
               next.empty() ||
               (!is_alpha(next[0]) && next[0] != '/' && next[0] != '!' && next[0] != '?')) {
      lines.add(in.take_count(1));
    } else {
      const Tag tag = take_tag(in);
      if (!tag.closes && is_one_of(unread, tag.name)) skip_element(in, tag.name);
      if (is_one_of(blocks, tag.name)) lines.end_line();
      if (tag.name != "a") continue;
      if (tag.closes && !link.empty()) lines.add(" <" + link + ">");
      link = tag.closes ? "" : href_of(tag.attributes);
    }
  }
  return lines.finish();
}

}  // namespace postern::mail

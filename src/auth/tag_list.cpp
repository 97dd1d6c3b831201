#include "auth/tag_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "mail/lexical.h"

namespace postern::auth {
namespace {

/// ALNUMPUNC of RFC 6376 section 3.2.
bool is_name_character(char c) {
  return is_alnum(c) || c == '_';
}

/// VALCHAR with the octets of UTF-8, and the characters that folding white space is made of.
constexpr std::array<bool, 256> make_value_characters() {
  std::array<bool, 256> allowed{};
  for (std::size_t c = 0x21; c < 256; ++c) allowed[c] = c != ';' && c != 0x7f;
  allowed[' '] = allowed['\t'] = allowed['\r'] = allowed['\n'] = true;
  return allowed;
}
constexpr auto value_characters = make_value_characters();

/// A line ending inside a value must be a fold.
bool has_only_folds(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
    if (text[i] == '\n' && (i + 1 == text.size() || !is_wsp(text[i + 1]))) return false;
  }
  return true;
}

bool is_fws(char c) {
  return is_wsp(c) || c == '\r' || c == '\n';
}

/// tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS], up to the semicolon or the end.
Result<Tag> parse_tag(std::string_view spec) {
  Cursor in(spec);
  skip_fws(in);
  Tag tag{.name = in.take_while(is_name_character)};
  if (tag.name.empty() || !is_alpha(tag.name.front()))
    return fail(fmt::format("\"{}\" is no tag", excerpt(trim_fws(spec))));
  skip_fws(in);
  if (!in.take('=')) return fail(fmt::format("tag {} has no equals sign", excerpt(tag.name)));
  tag.raw = in.rest();
  tag.value = trim_fws(tag.raw);
  const bool is_clean = std::ranges::all_of(
      tag.raw, [](char c) { return value_characters[static_cast<unsigned char>(c)]; });
  if (!is_clean || !has_only_folds(tag.raw))
    return fail(fmt::format("tag {} has a control character in its value", excerpt(tag.name)));
  return tag;
}

}  // namespace

const Tag* TagList::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(tags_, [name](const Tag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &*found;
}

std::optional<std::string_view> TagList::value(std::string_view name) const {
  const Tag* tag = find(name);
  if (!tag) return std::nullopt;
  return tag->value;
}

Result<TagList> parse_tag_list(std::string_view text) {
  TagList list;
  list.tags_.reserve(16);
  std::string_view rest = text;
  do {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const Result<Tag> tag = parse_tag(rest.substr(0, end));
    if (!tag) return std::unexpected(tag.error());
    // RFC 6376 section 3.2: tags with duplicate names make the whole list invalid.
    if (list.find(tag->name))
      return fail(fmt::format("tag {} stands there twice", excerpt(tag->name)));
    if (list.tags_.size() == max_tags) return fail("there are too many tags");
    list.tags_.push_back(*tag);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  } while (!rest.empty());
  return list;
}

void skip_fws(Cursor& in) {
  while (true) {
    in.take_while(is_wsp);
    Cursor ahead = in;
    ahead.take('\r');
    if (!ahead.take('\n') || !is_wsp(ahead.peek())) return;
    in = ahead;
  }
}

std::string_view trim_fws(std::string_view text) {
  while (!text.empty() && is_fws(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_fws(text.back())) text.remove_suffix(1);
  return text;
}

std::string without_fws(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text)
    if (!is_fws(c)) result += c;
  return result;
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 40;
  if (text.size() <= longest) return mail::printable(text);
  return mail::printable(text.substr(0, longest)) + "...";
}

std::optional<std::string_view> next_element(std::optional<std::string_view>& rest) {
  if (!rest) return std::nullopt;
  const std::size_t colon = rest->find(':');
  const std::string_view element = trim_fws(rest->substr(0, colon));
  if (colon == std::string_view::npos)
    rest.reset();
  else
    rest->remove_prefix(colon + 1);
  return element;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits, std::uint64_t limit) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (limit - std::min(digit, limit)) / 10 ? limit : value * 10 + digit;
  }
  return std::min(value, limit);
}

}  // namespace postern::auth

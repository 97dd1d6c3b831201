#include "dns/name.h"

#include <algorithm>
#include <cassert>

#include "base/cursor.h"

namespace postern::dns {
namespace {

bool is_plain(char c) {
  return c > ' ' && c < '\x7f' && c != '.' && c != '\\';
}

/// A name of letters, digits, hyphens and underscores that is as it should be.
bool is_canonical_host(std::string_view text) {
  if (text.size() + 2 > max_wire_name) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else {
      const bool fits = (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
      if (!fits || ++label > max_label) return false;
    }
  }
  return label > 0;
}

/// Counts the octets that a name takes on the wire while its labels come.
class LengthCheck {
 public:
  bool add_label(std::size_t size) {
    total_ += 1 + size;
    return size >= 1 && size <= max_label && total_ + 1 <= max_wire_name;
  }

 private:
  std::size_t total_ = 0;
};

/// `\.` or `\DDD`, with the cursor behind the backslash.
std::optional<char> take_escaped(Cursor& in) {
  if (in.at_end()) return std::nullopt;
  if (!is_digit(in.peek())) return in.take_count(1).front();
  const std::string_view digits = in.take_count(3);
  if (digits.size() != 3) return std::nullopt;
  int number = 0;
  for (const char digit : digits) {
    if (!is_digit(digit)) return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  if (number > 255) return std::nullopt;
  return static_cast<char>(number);
}

/// The octets of the next label of a name in presentation form, up to its dot or the end.
bool take_label(Cursor& in, std::string& label) {
  label.clear();
  while (!in.at_end() && in.peek() != '.') {
    if (in.take('\\')) {
      const auto octet = take_escaped(in);
      if (!octet) return false;
      label += *octet;
    } else {
      label += in.take_count(1);
    }
  }
  return true;
}

}  // namespace

void append_label(std::string& name, std::string_view octets) {
  if (!name.empty()) name += '.';
  // Nearly all labels are in canonical form already.
  if (std::ranges::all_of(octets, [](char c) { return is_plain(c) && c == to_lower(c); })) {
    name += octets;
    return;
  }
  for (const char c : octets) {
    if (is_plain(c)) {
      name += to_lower(c);
    } else {
      const auto number = static_cast<unsigned char>(c);
      name += '\\';
      name += static_cast<char>('0' + number / 100);
      name += static_cast<char>('0' + number / 10 % 10);
      name += static_cast<char>('0' + number % 10);
    }
  }
}

std::optional<std::string> name_from_presentation(std::string_view text) {
  if (text == ".") return std::string();
  Cursor in(text);
  LengthCheck length;
  std::string name, label;
  do {
    if (!take_label(in, label) || !length.add_label(label.size())) return std::nullopt;
    append_label(name, label);
  } while (in.take('.') && !in.at_end());
  return name;
}

std::optional<std::string> name_from_octets(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  // Nearly all names are, and every message asks for a dozen.
  if (is_canonical_host(text)) return std::string(text);
  LengthCheck length;
  std::string name;
  name.reserve(text.size());
  for (bool last = false; !last;) {
    const std::size_t dot = text.find('.');
    last = dot == std::string_view::npos;
    const std::string_view label = text.substr(0, dot);
    if (!length.add_label(label.size())) return std::nullopt;
    append_label(name, label);
    if (!last) text.remove_prefix(dot + 1);
  }
  return name;
}

std::string to_wire(std::string_view name) {
  std::string wire, label;
  Cursor in(name);
  while (!in.at_end()) {
    const bool canonical = take_label(in, label);
    assert(canonical && !label.empty() && label.size() <= max_label);
    (void)canonical;
    wire += static_cast<char>(label.size());
    wire += label;
    in.take('.');
  }
  wire += '\0';
  return wire;
}

std::string_view parent_of(std::string_view name) {
  // A dot inside a label is written \046, so every dot here separates labels.
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

}  // namespace postern::dns

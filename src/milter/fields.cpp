#include "milter/fields.h"

#include <ranges>

#include "base/ascii.h"
#include "mail/header_fields.h"

namespace postern::milter {
namespace {

/// MTAs keep lines with LF; the client sent CRLF.
std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

std::string without_cr(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != '\r') out += c;
  }
  return out;
}

bool overlaps(const delivery::Edit::Range& range, std::uint64_t begin, std::uint64_t end) {
  return range.begin < end && begin < range.end;
}

}  // namespace

std::string Fields::add(const Header& header) {
  std::string text(header.name);
  text += leading_space_ ? ":" : ": ";
  text += with_crlf(header.value);
  text += "\r\n";
  if (fields_.size() <= mail::max_header_fields)
    fields_.push_back({std::string(header.name), size_, size_ + text.size()});
  size_ += text.size();
  return text;
}

std::uint32_t Fields::index_of(std::size_t position) const {
  std::uint32_t index = 0;
  for (std::size_t i = 0; i <= position; ++i) {
    if (iequals(fields_[i].name, fields_[position].name)) ++index;
  }
  return index;
}

std::string Fields::changes(const delivery::Edit& edit) const {
  std::string packets;
  for (std::size_t i = fields_.size(); i-- > 0;) {
    // A range may be a part of what the MTA calls one field, if that has a line that no fold is:
    // then all of it goes.
    for (const delivery::Edit::Range& range : edit.removed) {
      if (!overlaps(range, fields_[i].begin, fields_[i].end)) continue;
      packets += delete_header_packet(fields_[i].name, index_of(i));
      break;
    }
  }
  const mail::HeaderSection section = mail::parse_header_section(edit.prepend);
  for (const mail::HeaderField& field : std::views::reverse(section.fields)) {
    if (field.is("Received")) continue;
    std::string_view value = field.body;
    if (!leading_space_ && value.starts_with(' ')) value.remove_prefix(1);
    packets += insert_header_packet(field.name, without_cr(value));
  }
  return packets;
}

}  // namespace postern::milter

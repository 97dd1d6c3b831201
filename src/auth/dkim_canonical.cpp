#include "auth/dkim_canonical.h"

#include <algorithm>
#include <bitset>
#include <cassert>

#include "base/ascii.h"

namespace postern::auth {
namespace {

/// The octets of a line ending at `at` that only folds the field; 0: there is none.
std::size_t fold_at(std::string_view text, std::size_t at) {
  const std::size_t size = text.substr(at).starts_with("\r\n") ? 2 : text[at] == '\n' ? 1 : 0;
  return size > 0 && at + size < text.size() && is_wsp(text[at + size]) ? size : 0;
}

std::string_view without_line_ending(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// Section 3.4.2, in one pass: unfold, reduce white space to one space, drop it at both ends.
void append_relaxed_field(std::string& out, std::string_view field) {
  field = without_line_ending(field);
  const std::size_t colon = std::min(field.find(':'), field.size());
  for (const char c : field.substr(0, colon))
    if (!is_wsp(c) && c != '\r' && c != '\n') out += to_lower(c);
  out += ':';

  const std::string_view body = field.substr(std::min(colon + 1, field.size()));
  bool has_gap = false;
  bool is_begun = false;
  std::size_t at = 0;
  while (at < body.size()) {
    if (is_wsp(body[at])) {
      has_gap = true;
      ++at;
    } else if (const std::size_t fold = fold_at(body, at); fold > 0) {
      at += fold;
    } else {
      const std::size_t begin = at;
      do ++at;
      while (at < body.size() && body[at] > ' ');
      // Other control characters and UTF-8 end the run above as well; they are no gap.
      if (has_gap && is_begun) out += ' ';
      out.append(body, begin, at - begin);
      has_gap = false;
      is_begun = true;
    }
  }
  out += "\r\n";
}

}  // namespace

void append_canonical_field(std::string& out, std::string_view field, Canonicalization how) {
  switch (how) {
    case Canonicalization::simple:
      out += field;
      return;
    case Canonicalization::relaxed:
      append_relaxed_field(out, field);
      return;
  }
}

void append_signed_fields(std::string& out, std::string_view message,
                          std::span<const mail::HeaderField> fields,
                          std::span<const std::string_view> names, std::size_t own_field,
                          Canonicalization how) {
  std::bitset<mail::max_header_fields> taken;
  assert(fields.size() <= taken.size());
  if (own_field < fields.size()) taken.set(own_field);
  for (const std::string_view name : names) {
    if (name.empty()) continue;
    std::size_t at = fields.size();
    while (at > 0 && (taken.test(at - 1) || !fields[at - 1].is(name))) --at;
    if (at == 0) continue;
    taken.set(at - 1);
    const mail::HeaderField& field = fields[at - 1];
    append_canonical_field(out, message.substr(field.begin, field.end - field.begin), how);
  }
}

void append_signature_field(std::string& out, std::string_view field,
                            std::string_view signature_text, Canonicalization how) {
  const auto begin = static_cast<std::size_t>(signature_text.data() - field.data());
  assert(begin <= field.size() && signature_text.size() <= field.size() - begin);
  std::string unsigned_field;
  unsigned_field.reserve(field.size());
  unsigned_field += field.substr(0, begin);
  unsigned_field += field.substr(begin + signature_text.size());
  append_canonical_field(out, without_line_ending(unsigned_field), how);
  if (how == Canonicalization::relaxed) out.resize(out.size() - 2);
}

}  // namespace postern::auth

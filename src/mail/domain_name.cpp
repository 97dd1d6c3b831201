#include "mail/domain_name.h"

#include <idn2.h>

#include <algorithm>

#include "base/ascii.h"

namespace postern::mail {
namespace {

/// Of lower-case letters, as all names are here.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  std::size_t label = 0;
  char previous = '.';
  for (const char c : name) {
    if (c == '.') {
      if (label == 0 || previous == '-') return false;
      label = 0;
    } else {
      const bool fits = (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
      if (!fits) return false;
      if (c == '-' && label == 0) return false;
      if (++label > 63) return false;
    }
    previous = c;
  }
  return label > 0 && previous != '-';
}

}  // namespace

std::optional<std::string> to_a_label(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  // No name in Unicode is longer than this; libidn2 need not look at more.
  if (text.empty() || text.size() > 1000) return std::nullopt;

  // Nearly all names are in the form wanted.
  if (is_host_name(text)) return std::string(text);
  if (std::ranges::all_of(text, [](char c) { return is_ascii(c); })) {
    // xn-- labels are taken as they are: a name that cannot be decoded still has an owner.
    std::string name = to_lower(text);
    if (!is_host_name(name)) return std::nullopt;
    return name;
  }

  const std::string terminated(text);
  if (terminated.contains('\0')) return std::nullopt;
  char* converted = nullptr;
  const int status =
      idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status != IDN2_OK) return std::nullopt;
  std::string name = to_lower(converted);
  idn2_free(converted);
  if (name.ends_with('.')) name.pop_back();
  if (!is_host_name(name)) return std::nullopt;
  return name;
}

bool is_below(std::string_view domain, std::string_view parent, Self self) {
  if (domain == parent) return self == Self::included;
  return domain.size() > parent.size() && domain.ends_with(parent) &&
         domain[domain.size() - parent.size() - 1] == '.';
}

}  // namespace postern::mail

#include "mail/shown_addresses.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "mail/domain_name.h"
#include "mail/lexical.h"

namespace postern::mail {
namespace {

constexpr std::size_t max_local_part = 64;
constexpr std::size_t max_domain = 300;

/// U+0040, U+FF20 and U+FE6B.
constexpr auto signs = std::to_array<std::string_view>({"@", "\xef\xbc\xa0", "\xef\xb9\xab"});

bool is_local(char c) {
  return is_ascii(c) && (is_atext(c) || c == '.');
}

bool is_of_domain(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.' || !is_ascii(c);
}

struct Sign {
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;
};

Sign find_sign(std::string_view text, std::size_t from) {
  Sign first;
  for (const std::string_view sign : signs) {
    const std::size_t at = text.find(sign, from);
    if (at < first.begin) first = {at, at + sign.size()};
  }
  return first;
}

std::string_view local_part_before(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && text.size() - begin < max_local_part && is_local(text[begin - 1])) --begin;
  std::string_view found = text.substr(begin);
  while (found.starts_with('.')) found.remove_prefix(1);
  return found;
}

/// Empty: no domain name.
std::string domain_behind(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && end < max_domain && is_of_domain(text[end])) ++end;
  const auto to_name = [](std::string_view name) {
    // The end of a sentence, or of a dash.
    while (name.ends_with('.') || name.ends_with('-')) name.remove_suffix(1);
    return to_a_label(name).value_or("");
  };
  const std::string_view run = text.substr(0, end);
  if (std::string name = to_name(run); !name.empty()) return name;
  // Letters of another script or signs may follow without a blank.
  const auto* const foreign = std::ranges::find_if_not(run, is_ascii);
  return to_name(run.substr(0, static_cast<std::size_t>(foreign - run.begin())));
}

}  // namespace

std::vector<ShownAddress> find_shown_addresses(std::string_view text) {
  text = text.substr(0, max_shown_text);
  std::vector<ShownAddress> found;
  Sign sign = find_sign(text, 0);
  for (std::size_t count = 0; sign.end != 0 && count < max_shown_signs; ++count) {
    const std::string_view local_part = local_part_before(text.substr(0, sign.begin));
    std::string domain = domain_behind(text.substr(sign.end));
    if (!local_part.empty() && !domain.empty())
      found.push_back({std::string(local_part), std::move(domain)});
    sign = find_sign(text, sign.end);
  }
  return found;
}

}  // namespace postern::mail

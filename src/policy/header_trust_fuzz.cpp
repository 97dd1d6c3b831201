// Without its protected fields a header section has no protected field, and what is promoted stands
// under Exchange's prefix, once for each name.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "base/ascii.h"
#include "policy/header_trust.h"

using namespace postern;
using namespace postern::policy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const mail::HeaderSection section = mail::parse_header_section(text);
  if (section.trouble != mail::HeaderTrouble::none) return 0;

  std::string kept;
  for (const mail::HeaderField& field : section.fields) {
    if (!is_protected(field)) kept += text.substr(field.begin, field.end - field.begin);
  }
  const mail::HeaderSection rest = mail::parse_header_section(kept);
  if (std::ranges::any_of(rest.fields, is_protected)) std::abort();

  const Promotion promotion = promote(section, HeaderTrust::cross_premises);
  if (promotion.fields.size() > max_promoted_fields) std::abort();
  std::set<std::string> names;
  for (const Promotion::Field& field : promotion.fields) {
    if (!field.name.starts_with("X-MS-Exchange-Organization-")) std::abort();
    if (!names.insert(to_lower(field.name)).second) std::abort();
  }
  const Promotion filtered = promote(section, HeaderTrust::none);
  if (filtered.auth_as != AuthAs::anonymous || !filtered.fields.empty()) std::abort();
  return 0;
}

// Canonical fields stay as they are, and no choice of names takes a field twice.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "auth/dkim_canonical.h"

using namespace postern;
using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const mail::HeaderSection section = mail::parse_header_section(text);
  std::vector<std::string_view> names;
  std::size_t octets = 0;
  for (const mail::HeaderField& field : section.fields) {
    std::string once;
    const std::string_view whole = text.substr(field.begin, field.end - field.begin);
    append_canonical_field(once, whole, Canonicalization::relaxed);
    std::string twice;
    append_canonical_field(twice, once, Canonicalization::relaxed);
    if (once != twice || once.size() > whole.size() + 3) std::abort();
    if (field.name.empty()) continue;
    octets += whole.size();
    names.push_back(field.name);
    names.push_back(field.name);
  }
  std::string all;
  append_signed_fields(all, text, section.fields, names, section.fields.size(),
                       Canonicalization::simple);
  if (all.size() != octets) std::abort();
  return 0;
}

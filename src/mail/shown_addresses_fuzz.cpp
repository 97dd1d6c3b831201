// What is found is printable, bounded, and has a domain in canonical form.
#include <cstdint>
#include <cstdlib>

#include "mail/domain_name.h"
#include "mail/lexical.h"
#include "mail/shown_addresses.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto found = find_shown_addresses(text);
  if (found.size() > max_shown_signs) std::abort();
  for (const ShownAddress& one : found) {
    if (one.local_part.empty() || one.local_part.size() > 64) std::abort();
    if (printable(one.local_part) != one.local_part) std::abort();
    if (to_a_label(one.domain) != one.domain) std::abort();
  }
  return 0;
}

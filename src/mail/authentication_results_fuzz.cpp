// What parses, by RFC 8601 or as Exchange Online has it, can be printed, and the
// print parses to the same; and a field whose id we can read is recognised as claiming it.
#include <cstdint>
#include <cstdlib>

#include "mail/authentication_results.h"
#include "mail/lexical.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  (void)claims_authserv_id(text, "mx.example.com");
  for (const auto parse : {parse_authentication_results, parse_exchange_authentication_results}) {
    const auto parsed = parse(text);
    if (!parsed) continue;

    const std::string printed = to_authentication_results_body(*parsed);
    const auto again = parse(printed);
    if (!again) std::abort();
    // Control characters are the one thing that is not kept.
    if (printable(text) == text && *again != *parsed) std::abort();
  }
  return 0;
}

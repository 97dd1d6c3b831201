// What parses can be printed, and the print parses to the same; every macro-string that passes
// the check can be expanded.
#include <cstdint>
#include <cstdlib>

#include "auth/spf_macro.h"
#include "auth/spf_record.h"

using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (!find_macro_fault(text, MacroUse::explanation)) {
    (void)expand_macros(text, {.local_part = "a.b-c", .domain = "contoso.test"});
  }

  const auto record = parse_spf_record(text);
  if (!record) {
    if (record.error().what.empty()) std::abort();
    return 0;
  }
  const std::string printed = to_text(*record);
  if (printed.size() > max_spf_record) return 0;
  const auto again = parse_spf_record(printed);
  if (!again || again->directives.size() != record->directives.size()) std::abort();
  for (std::size_t i = 0; i < record->directives.size(); ++i) {
    const SpfDirective& a = record->directives[i];
    const SpfDirective& b = again->directives[i];
    if (a.mechanism != b.mechanism || a.result != b.result || a.network != b.network ||
        a.length_v4 != b.length_v4 || a.length_v6 != b.length_v6 || a.domain_spec != b.domain_spec)
      std::abort();
  }
  if (again->redirect != record->redirect || again->exp != record->exp) std::abort();
  return 0;
}

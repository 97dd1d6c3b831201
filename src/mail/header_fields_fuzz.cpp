// Fields cover the header section without a gap, and cutting one out leaves the others.
#include <cstdint>
#include <cstdlib>

#include "mail/header_fields.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const HeaderSection section = parse_header_section(text);
  std::size_t at = 0;
  for (const HeaderField& field : section.fields) {
    if (field.begin != at || field.end <= at) std::abort();
    at = field.end;
    (void)unfold(field.body);
  }
  if (section.trouble != HeaderTrouble::none) return 0;
  if (section.body_begin < at || section.body_begin > at + 2) std::abort();

  for (std::size_t i = 0; i < section.fields.size() && i < 8; ++i) {
    const HeaderField& cut = section.fields[i];
    // What the first field hides from being a fold may become one without it.
    if (i == 0 && section.fields.size() > 1) continue;
    const std::string rest =
        std::string(text.substr(0, cut.begin)) + std::string(text.substr(cut.end));
    if (parse_header_section(rest).fields.size() + 1 != section.fields.size()) std::abort();
  }
  return 0;
}

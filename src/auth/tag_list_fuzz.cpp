// What parses can be printed from its raw values, and the print parses to the same tags.
#include <cstdint>
#include <cstdlib>

#include "auth/tag_list.h"

using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto list = parse_tag_list(text);
  if (!list) return 0;
  std::string printed;
  for (const Tag& tag : list->tags()) {
    if (!printed.empty()) printed += ';';
    printed += std::string(tag.name) + "=" + std::string(tag.raw);
  }
  const auto again = parse_tag_list(printed);
  if (!again || again->tags().size() != list->tags().size()) std::abort();
  for (std::size_t i = 0; i < list->tags().size(); ++i)
    if (again->tags()[i].name != list->tags()[i].name ||
        again->tags()[i].raw != list->tags()[i].raw ||
        again->tags()[i].value != list->tags()[i].value)
      std::abort();
  return 0;
}

// Names that are accepted print as Exchange prints them, and read as the same again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "directory/connector_validation.h"
#include "directory/guid.h"

using namespace postern::directory;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto domain = parse_sender_domain(text)) {
    if (parse_sender_domain(*domain).value() != *domain) std::abort();
    if (parse_sender_domain(print_sender_domain(*domain)).value() != *domain) std::abort();
  }
  if (const auto guid = Guid::parse(text)) {
    if (Guid::parse(guid->to_string()) != guid) std::abort();
  }
  return 0;
}

// What was found can be printed, and the print is read as the same.
#include <cstdint>
#include <cstdlib>

#include "mail/field_parameters.h"
#include "mail/lexical.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const FieldWithParameters field = parse_field_with_parameters(text);
  if (field.parameters.size() > max_parameters) std::abort();
  std::string printed = field.value;
  for (const FieldParameter& one : field.parameters) {
    // Control characters are printed as question marks.
    if (one.name.empty() || printable(one.value) != one.value) return 0;
    printed += ";" + one.name + "=" + quoted(one.value);
  }
  if (parse_field_with_parameters(printed) != field) std::abort();
  return 0;
}

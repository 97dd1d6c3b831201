// What can be read as JSON is written so that it reads as the same value again, and every
// command either takes it as its parameters or says why not.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "admin/binding.h"
#include "admin/commands.h"
#include "admin/value_json.h"

using namespace postern::admin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = parse_json(text);
  if (!value) return 0;
  for (const JsonStyle style : {JsonStyle::compact, JsonStyle::indented, JsonStyle::annotated}) {
    const std::string written = to_json(*value, style);
    const auto again = parse_json(written);
    assert(again);
    assert(to_json(*again, style) == written);
  }
  if (const Object* object = value->get<Object>()) {
    for (const CommandSpec* command : all_commands()) {
      if (const auto bound = bind_values(*command, *object)) assert(bind_values(*command, *bound));
    }
  }
  return 0;
}

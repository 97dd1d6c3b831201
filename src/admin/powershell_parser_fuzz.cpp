// What can be parsed can be bound or is refused, conditions can be evaluated, and nothing that
// comes out is larger than what went in by more than the grammar allows.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "admin/binding.h"
#include "admin/commands.h"
#include "admin/powershell_parser.h"

using namespace postern::admin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const Value item = Object{{"A", "text"}, {"B", 3}, {"C", List{"x", "y"}}};

  wants_more(text);
  const auto script = parse_script(text, {});
  if (!script) {
    assert(script.error().message.starts_with("Line ") || size > PowerShellLexer::max_text);
    return 0;
  }
  for (const Pipeline& pipeline : *script) {
    assert(!pipeline.empty());
    for (const CommandLine& command : pipeline) {
      assert(!command.name.empty());
      for (const Element& element : command.elements) {
        // -match runs std::regex, whose appetite for memory is not ours to test.
        if (element.condition && !text.contains("atch")) evaluate(*element.condition, item);
      }
      const CommandSpec* spec = find_command(command.name);
      if (spec == nullptr) continue;
      const auto bound = bind_elements(*spec, command.elements);
      if (!bound) continue;
      const auto values = bind_values(*spec, bound->values);
      if (!values) continue;
      for (const Property& property : values->properties()) {
        assert(find_parameter(*spec, property.name).value()->name == property.name);
      }
    }
  }
  return 0;
}

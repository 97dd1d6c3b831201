// Any text is a zone or an error with a line; a zone answers every question in its canonical form.
#include <cstdint>
#include <cstdlib>

#include "dns/name.h"
#include "dns/zone.h"

using namespace postern::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto zone = Zone::parse(text, "fuzz");
  if (!zone) {
    if (!zone.error().message.starts_with("fuzz:")) std::abort();
    return 0;
  }
  for (const std::string_view name : {"a", "a.test", "x.a.test"}) {
    for (const Type type : {Type::a, Type::txt, Type::mx, Type::ptr}) {
      const Answer answer = zone->answer({std::string(name), type});
      for (const std::string& alias : answer.cname_chain)
        if (!alias.empty() && name_from_presentation(alias) != alias) std::abort();
    }
  }
  return 0;
}

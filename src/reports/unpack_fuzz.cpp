// Nothing is unpacked beyond the limit.
#include <cstdint>
#include <cstdlib>

#include "reports/unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  constexpr std::size_t most = 100'000;
  const auto content = postern::reports::unpack(text, most);
  if (content && content->size() > most) std::abort();
  if (!content && content.error().message.empty()) std::abort();
  return 0;
}

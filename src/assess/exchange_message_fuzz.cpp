// Whatever a message holds, what is told of it hangs together.
#include <cstdint>
#include <cstdlib>

#include "assess/exchange_message.h"
#include "base/ascii.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto seen = assess::read_exchange_message(message);
  if (!seen) return 0;
  if (seen->recipients.size() > 1) std::abort();
  if (!seen->recipients.empty() && !iequals(seen->recipients.front(), seen->sender)) std::abort();
  if (seen->is_attributed && !seen->tells_attribution) std::abort();
  if (seen->client == IpAddress::v4({255, 255, 255, 255})) std::abort();
  return 0;
}

// What was read is written and read again as the same, fits its limits, and its name is a UUID that
// leads to no other folder.
#include <cstdint>
#include <cstdlib>

#include "delivery/quarantine_description.h"
#include "mail/utf8.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto message = delivery::parse_description(text);
  if (!message) return 0;
  constexpr std::size_t uuid_length = 36;
  if (message->id.size() != uuid_length || message->id.contains('/')) std::abort();
  for (const std::string* one : {&message->subject, &message->reason, &message->author}) {
    if (one->size() > delivery::max_described_text || !mail::is_utf8(*one)) std::abort();
  }
  const std::string written = delivery::to_json(*message);
  const auto again = delivery::parse_description(written);
  // A time is written to the millisecond.
  if (!again || delivery::to_json(*again) != written) std::abort();
  return 0;
}

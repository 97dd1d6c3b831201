// Whatever comes in, what comes out is one line of UTF-8 without control characters; and where
// there is nothing to decode, decoding again changes nothing.
#include <cstdint>
#include <cstdlib>

#include "mail/encoded_words.h"
#include "mail/utf8.h"

using namespace postern::mail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::string shown = decode_encoded_words(text);
  if (displayable(shown) != shown || shown.starts_with(' ') || shown.ends_with(' ')) std::abort();
  if (!shown.contains("=?") && decode_encoded_words(shown) != shown) std::abort();
  return 0;
}

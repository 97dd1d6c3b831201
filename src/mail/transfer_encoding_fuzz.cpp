// Decoding makes nothing longer, and gives back what our own encoder wrote.
#include <cstdint>
#include <cstdlib>

#include "base/encoding.h"
#include "mail/transfer_encoding.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  if (mail::decode_base64(text).size() > size / 4 * 3 + 2) std::abort();
  if (mail::decode_quoted_printable(text).size() > size) std::abort();
  if (mail::decode_q(text).size() > size) std::abort();
  (void)mail::parse_transfer_encoding(text);

  if (mail::decode_base64(to_base64(text)) != text) std::abort();
  // Where the strict reader finds Base64, the tolerant one finds the same.
  if (const auto bytes = from_base64(text); bytes && mail::decode_base64(text) != *bytes)
    std::abort();
  return 0;
}

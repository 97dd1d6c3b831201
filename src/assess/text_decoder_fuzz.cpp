// Cut anywhere the text is the same, and what was UTF-16 is UTF-8.
#include <cstdint>
#include <cstdlib>

#include "assess/text_decoder.h"
#include "mail/utf8.h"

using namespace postern;

namespace {

std::string decode(std::string_view bytes, std::size_t cut) {
  assess::TextDecoder decoder;
  std::string out;
  decoder.feed(bytes.substr(0, cut), out);
  decoder.feed(bytes.substr(cut), out);
  decoder.finish(out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(static_cast<const char*>(static_cast<const void*>(data)), size);
  const std::string whole = decode(bytes, 0);
  if (whole != decode(bytes, size == 0 ? 0 : data[size - 1] % (size + 1))) std::abort();
  const std::string marked = decode("\xff\xfe" + std::string(bytes), 0);
  if (mail::repaired_utf8(marked) != marked) std::abort();
  return 0;
}

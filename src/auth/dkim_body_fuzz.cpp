// However a body is cut, its canonical form is the same; and what is canonical stays as it is.
// The first octet says how the rest is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "auth/dkim_body.h"

using namespace postern::auth;

namespace {

struct Collected final : ByteSink {
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(static_cast<const char*>(static_cast<const void*>(data + 1)),
                              size - 1);
  for (const Canonicalization how : {Canonicalization::simple, Canonicalization::relaxed}) {
    const std::string whole = canonicalize_body(body, how);
    if (canonicalize_body(whole, how) != whole) std::abort();

    Collected sink;
    BodyCanonicalizer canonicalizer(how, sink);
    std::uint32_t state = data[0];
    for (std::size_t at = 0; at < body.size();) {
      state = state * 1664525 + 1013904223;
      const std::size_t piece = 1 + (state >> 24) % (1 + data[0] % 90);
      canonicalizer.update(body.substr(at, piece));
      at += piece;
    }
    canonicalizer.finish();
    if (sink.text != whole) std::abort();
  }
  return 0;
}

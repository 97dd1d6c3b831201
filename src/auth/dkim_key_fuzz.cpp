// A key that parses is one that can be used, within the sizes we allow.
#include <cstdint>
#include <cstdlib>

#include "auth/body_hashes.h"
#include "auth/dkim_key.h"

using namespace postern::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
  auto key = parse_dkim_key(text);
  if (!key || !key->key) return 0;
  const int bits = key->key->bits();
  const bool is_allowed =
      key->type == KeyType::ed25519 ? bits == 256 : bits >= min_rsa_bits && bits <= max_rsa_bits;
  if (!is_allowed) std::abort();
  (void)key->key->verify(Digest{}, text.substr(0, static_cast<std::size_t>(bits) / 8));
  return 0;
}

// Property: however the bytes of a connection are cut, the header is the same, and a parse that
// has ended one way does not change its mind when more bytes come.
#include <cstdint>
#include <cstdlib>

#include "net/proxy_protocol.h"

using namespace postern::net;
using Status = ProxyParse::Status;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const ProxyParse whole = parse_proxy_header(input);
  if (whole.status == Status::done && whole.consumed > size) std::abort();
  if (whole.status == Status::need_more && size >= 16 + max_proxy_payload) std::abort();
  for (std::size_t n = 0; n < size && n <= 16 + max_proxy_payload; ++n) {
    const ProxyParse part = parse_proxy_header(input.substr(0, n));
    if (part.status == Status::need_more) continue;
    if (part != whole) std::abort();
    break;
  }
  return 0;
}

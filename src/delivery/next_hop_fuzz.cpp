// Whatever an administrator writes as a next hop: it is one that prints and reads back as itself
// and keeps to the rules that the courier relies on, or a sentence that says what was expected.
#include "delivery/next_hop.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/ip_address.h"

using namespace postern;
using namespace postern::delivery;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void check(const HopServer& server, NextHop::Kind kind) {
  expect(!server.host.empty() && server.port != 0);
  expect(server.host.find_first_of(",?&% \r\n[]") == std::string::npos);
  expect(!server.is_mx || (kind == NextHop::Kind::smtp && !IpAddress::parse(server.host)));
  expect(server.tls_name.empty() || server.tls == TlsPolicy::verify);
  expect(server.tls != TlsPolicy::dane || !IpAddress::parse(server.host));
  expect(!server.xclient || server.proxy == ProxyUse::none);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto hop = parse_next_hop({reinterpret_cast<const char*>(data), size});
  if (!hop) {
    expect(hop.error().message.ends_with('.'));
    return 0;
  }
  const auto again = parse_next_hop(hop->to_string());
  expect(again && *again == *hop && again->to_string() == hop->to_string());

  // Either a path or servers, and never too many of them.
  expect(hop->path.empty() != hop->servers.empty());
  expect(hop->servers.size() <= max_hop_servers);
  for (const HopServer& server : hop->servers) check(server, hop->kind);
  expect(!hop->is_unix() || (hop->kind == NextHop::Kind::lmtp && hop->path.starts_with('/')));
  expect(hop->wants_introduction() ==
         std::ranges::any_of(hop->servers, [](const HopServer& server) {
           return server.xclient || server.proxy != ProxyUse::none;
         }));
  return 0;
}

#include "dns/reverse_name.h"

#include <doctest/doctest.h>

using namespace postern;

TEST_CASE("reverse names of IPv4 and IPv6 addresses") {
  CHECK(dns::reverse_name(*IpAddress::parse("192.0.2.10")) == "10.2.0.192.in-addr.arpa");
  CHECK(dns::reverse_name(*IpAddress::parse("2001:db8::5f")) ==
        "f.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  CHECK(dns::reverse_name(*IpAddress::parse("::ffff:192.0.2.1")) == "1.2.0.192.in-addr.arpa");
}

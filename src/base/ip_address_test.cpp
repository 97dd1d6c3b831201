#include "base/ip_address.h"

#include <doctest/doctest.h>

using postern::IpAddress;
using postern::IpPrefix;

TEST_CASE("addresses parse strictly and print in one form") {
  CHECK(IpAddress::parse("192.0.2.1")->to_string() == "192.0.2.1");
  CHECK(IpAddress::parse("2001:DB8:0:0::1")->to_string() == "2001:db8::1");
  CHECK(IpAddress::parse("2001:db8::1")->to_literal() == "IPv6:2001:db8::1");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "[::1]", "fe80::1%eth0", "::1::"}) {
    CAPTURE(bad);
    CHECK_FALSE(IpAddress::parse(bad));
  }
  CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST_CASE("an IPv4-mapped address is the IPv4 address") {
  CHECK(*IpAddress::parse("::ffff:192.0.2.1") == *IpAddress::parse("192.0.2.1"));
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1") {
  CHECK(IpAddress::parse("127.200.0.1")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("::2")->is_loopback());
}

TEST_CASE("a prefix holds just its addresses") {
  const IpPrefix prefix = *IpPrefix::parse("192.0.2.128/25");
  CHECK(prefix.contains(*IpAddress::parse("192.0.2.255")));
  CHECK_FALSE(prefix.contains(*IpAddress::parse("192.0.2.127")));
  CHECK_FALSE(prefix.contains(*IpAddress::parse("::1")));
  CHECK(IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::1")));
  CHECK_FALSE(IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::1")));
  CHECK(IpPrefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("203.0.113.9")));
}

TEST_CASE("a prefix clears the bits beyond its length and prints the short form") {
  CHECK(IpPrefix::parse("192.0.2.77/24")->to_string() == "192.0.2.0/24");
  CHECK(IpPrefix::parse("192.0.2.77")->to_string() == "192.0.2.77");
  for (const char* bad :
       {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/8x", "::/129", "/8"}) {
    CAPTURE(bad);
    CHECK_FALSE(IpPrefix::parse(bad));
  }
}

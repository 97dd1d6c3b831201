#include "auth/spf_record.h"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::auth;

namespace {

std::string fault(std::string_view record) {
  const auto parsed = parse_spf_record(record);
  return parsed ? "" : std::string(parsed.error().term) + ": " + parsed.error().what;
}

}  // namespace

TEST_CASE("a record is recognised by its version") {
  CHECK(is_spf_record("v=spf1"));
  CHECK(is_spf_record("V=SPF1 -all"));
  CHECK_FALSE(is_spf_record("v=spf10 -all"));
  CHECK_FALSE(is_spf_record("v=spf1\t-all"));
  CHECK_FALSE(is_spf_record(" v=spf1"));
}

TEST_CASE("terms become directives") {
  const auto record = parse_spf_record(
      "v=spf1  a/24//64 ~MX:Mail.Contoso.com/0 ?ip4:192.0.2.77/24 -ip6:2001:db8::/32 "
      "exp=why.contoso.com x-note=%{d} ptr -include:_spf.%{d2} redirect=%{d} ");
  REQUIRE(record);
  REQUIRE(record->directives.size() == 6);
  const auto& d = record->directives;
  CHECK(d[0].mechanism == SpfMechanism::a);
  CHECK(d[0].length_v4 == 24);
  CHECK(d[0].length_v6 == 64);
  CHECK(d[0].domain_spec.empty());
  CHECK(d[1].mechanism == SpfMechanism::mx);
  CHECK(d[1].result == SpfResult::softfail);
  CHECK(d[1].domain_spec == "Mail.Contoso.com");
  CHECK(d[1].length_v4 == 0);
  CHECK(d[1].text == "~MX:Mail.Contoso.com/0");
  CHECK(d[2].network == *IpAddress::parse("192.0.2.77"));
  CHECK(d[2].length_v4 == 24);
  CHECK(d[2].has_in_network(*IpAddress::parse("192.0.2.255")));
  CHECK_FALSE(d[2].has_in_network(*IpAddress::parse("192.0.3.0")));
  CHECK(d[2].result == SpfResult::neutral);
  CHECK(d[3].has_in_network(*IpAddress::parse("2001:db8:ffff::1")));
  CHECK_FALSE(d[3].has_in_network(*IpAddress::parse("2001:db9::1")));
  CHECK(d[5].mechanism == SpfMechanism::include);
  CHECK(record->exp == "why.contoso.com");
  CHECK(record->redirect == "%{d}");
}

TEST_CASE("a slash may belong to the domain or to the prefix length") {
  const auto record = parse_spf_record("v=spf1 a:foo:bar/baz.example.com a:x.%{d}/24 a//33");
  REQUIRE(record);
  CHECK(record->directives[0].domain_spec == "foo:bar/baz.example.com");
  CHECK(record->directives[1].domain_spec == "x.%{d}");
  CHECK(record->directives[1].length_v4 == 24);
  CHECK(record->directives[2].length_v4 == 32);
  CHECK(record->directives[2].length_v6 == 33);
}

TEST_CASE("every fault is told with its term") {
  CHECK(fault("v=spf1 ip4:192.0.2.0/33") == "ip4:192.0.2.0/33: the prefix length is not 0 to 32");
  CHECK(fault("v=spf1 ip4:192.0.2.01") == "ip4:192.0.2.01: that is no IPv4 address");
  CHECK(fault("v=spf1 ip4:2001:db8::1") == "ip4:2001:db8::1: that is no IPv4 address");
  CHECK(fault("v=spf1 ip6:192.0.2.1") == "ip6:192.0.2.1: that is no IPv6 address");
  CHECK(fault("v=spf1 ip4") == "ip4: the address is missing");
  CHECK(fault("v=spf1 a/24/64") == "a/24/64: the IPv4 prefix length is not 0 to 32");
  CHECK(fault("v=spf1 a//129") == "a//129: the IPv6 prefix length is not 0 to 128");
  CHECK(fault("v=spf1 a/024") == "a/024: the IPv4 prefix length is not 0 to 32");
  CHECK(fault("v=spf1 include") == "include: the domain is missing");
  CHECK(fault("v=spf1 mx:") == "mx:: the domain is missing");
  CHECK(fault("v=spf1 all:x") == "all:x: `all` takes nothing");
  CHECK(fault("v=spf1 ipv4:192.0.2.1") == "ipv4:192.0.2.1: there is no such mechanism");
  CHECK(fault("v=spf1 ?redirect=a.test") == "?redirect=a.test: there is no such mechanism");
  CHECK(fault("v=spf1 exp=a.test exp=b.test") == "exp=b.test: it is there twice");
  CHECK(fault("v=spf1 a:museum") == "a:museum: the domain has only one label");
  CHECK(fault("v=spf1 exists:%{x}.test") == "exists:%{x}.test: `x` is no macro letter here");
  CHECK(fault("v=spf1 exists:%{d0}") == "exists:%{d0}: a macro may not ask for 0 parts");
  CHECK(fault("v=spf1 exists:%{d") == "exists:%{d: a macro does not end with `}`");
  CHECK(fault("v=spf1 exists:100%.test") == "exists:100%.test: a `%` that begins no macro");
  CHECK(fault("v=spf1 note=\x80") == "note=\x80: a character that is no printable ASCII");
  CHECK(fault(std::string("v=spf1") + std::string(max_spf_record, ' ')) ==
        ": the record is too long");
}

TEST_CASE("an IPv6 term never matches an IPv4 client, mapped or not") {
  const auto record =
      parse_spf_record("v=spf1 ip6:::ffff:192.0.2.0/120 ip6:::ffff:0:0/80 ip6:::/0");
  REQUIRE(record);
  for (const SpfDirective& directive : record->directives)
    CHECK_FALSE(directive.has_in_network(*IpAddress::parse("::ffff:192.0.2.0")));
  CHECK_FALSE(record->directives[0].has_in_network(*IpAddress::parse("2001:db8::1")));
  CHECK(record->directives[1].has_in_network(*IpAddress::parse("::1")));
  CHECK_FALSE(record->directives[1].has_in_network(*IpAddress::parse("2001:db8::1")));
  CHECK(record->directives[2].has_in_network(*IpAddress::parse("2001:db8::1")));
}

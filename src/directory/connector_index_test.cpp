#include "directory/connector_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "directory/on_premises_index.h"

using namespace postern;
using namespace postern::directory;

namespace {

using Found = std::multiset<std::pair<const InboundConnector*, unsigned>>;

IpAddress random_address(std::mt19937& random) {
  // Few different bits, so that prefixes lie inside each other.
  const auto byte = [&] { return static_cast<std::uint8_t>(random() % 2 * 0xc0); };
  if (random() % 2 == 0) return IpAddress::v4({192, byte(), byte(), byte()});
  std::array<std::uint8_t, 16> bytes{0x20, 0x01};
  for (std::size_t i = 2; i < 8; ++i) bytes[i] = byte();
  return IpAddress::v6(bytes);
}

InboundConnector random_connector(std::mt19937& random) {
  const std::vector<std::string> names = {"a.test", "*.a.test", "b.test"};
  InboundConnector connector;
  std::vector<IpPrefix> prefixes;
  for (auto count = random() % 4; count > 0; --count) {
    const IpAddress address = random_address(random);
    const IpPrefix prefix(address, random() % (address.width() + 1));
    if (std::ranges::find(prefixes, prefix) == prefixes.end()) prefixes.push_back(prefix);
  }
  connector.sender_ip_addresses = prefixes;
  connector.sender_domains = {names[random() % names.size()]};
  if (random() % 2 == 0) connector.tls_sender_certificate_name = names[random() % names.size()];
  connector.restrict_domains_to_ip_addresses = random() % 2 == 0;
  connector.type = random() % 2 == 0 ? ConnectorType::partner : ConnectorType::on_premises;
  return connector;
}

std::multiset<const InboundConnector*> connectors(std::span<const NameEntry> entries) {
  std::multiset<const InboundConnector*> found;
  for (const auto& entry : entries) found.insert(entry.connector);
  return found;
}

}  // namespace

TEST_CASE("the index of an organization agrees with a look at every connector") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    std::deque<InboundConnector> all;
    std::vector<const InboundConnector*> there;
    ConnectorIndex index;
    std::vector<std::pair<ConnectorIndex, std::size_t>> copies;
    for (int step = 0; step < 60; ++step) {
      copies.emplace_back(index, index.prefix_count());
      if (random() % 3 == 0 && !there.empty()) {
        const std::size_t victim = random() % there.size();
        index.remove(*there[victim]);
        there.erase(there.begin() + static_cast<std::ptrdiff_t>(victim));
      } else {
        std::vector<const InboundConnector*> added;
        for (auto count = 1 + random() % 5; count > 0; --count) {
          added.push_back(&all.emplace_back(random_connector(random)));
        }
        index.insert(added);
        there.insert(there.end(), added.begin(), added.end());
      }
      const IpAddress asked = random_address(random);
      Found expected;
      std::size_t prefixes = 0;
      std::size_t equal = 0;
      for (const InboundConnector* one : there) {
        for (const IpPrefix& prefix : one->sender_ip_addresses) {
          ++prefixes;
          equal += prefix == IpPrefix(asked, 24);
          if (prefix.contains(asked)) expected.emplace(one, prefix.length());
        }
      }
      Found found;
      index.for_each_by_address(asked, [&](const InboundConnector& one, unsigned length) {
        found.emplace(&one, length);
      });
      REQUIRE(found == expected);
      REQUIRE(index.prefix_count() == prefixes);
      REQUIRE(index.count(IpPrefix(asked, 24)) == equal);

      for (const std::string name : {"a.test", "*.a.test", "b.test", "c.test"}) {
        std::multiset<const InboundConnector*> by_certificate, by_domain;
        for (const InboundConnector* one : there) {
          if (one->tls_sender_certificate_name == name) by_certificate.insert(one);
          const bool only_domain =
              one->sender_ip_addresses.empty() && one->tls_sender_certificate_name.empty();
          const bool found_so =
              one->type == ConnectorType::partner && (one->restricts() || only_domain);
          if (found_so && one->sender_domains.contains(name)) by_domain.insert(one);
        }
        REQUIRE(connectors(index.by_certificate_name(NameKey::certificate(name))) ==
                by_certificate);
        REQUIRE(connectors(index.by_sender_domain(NameKey(name))) == by_domain);
      }
    }
    for (const auto& [copy, prefixes] : copies) REQUIRE(copy.prefix_count() == prefixes);
  }
}

TEST_CASE("a wildcard has one key, however it is asked for") {
  CHECK(NameKey("*.contoso.com") == NameKey::wildcard("contoso.com"));
  CHECK(NameKey("contoso.com") != NameKey::wildcard("contoso.com"));
  CHECK(NameKey("*") != NameKey::wildcard("*"));
}

TEST_CASE("certificate names of one organizational domain are found together") {
  InboundConnector first, second, wildcard, other;
  first.tls_sender_certificate_name = "mx1.vendor.test";
  second.tls_sender_certificate_name = "mx2.vendor.test";
  wildcard.tls_sender_certificate_name = "*.vendor.test";
  other.tls_sender_certificate_name = "mx1.bank.test";
  ConnectorIndex index;
  index.insert(std::vector<const InboundConnector*>{&first, &second, &wildcard, &other});
  const auto in_domain_of = [&](std::string_view name) {
    return connectors(index.by_certificate_domain(NameKey::certificate(name)));
  };
  CHECK(in_domain_of("new.vendor.test") ==
        std::multiset<const InboundConnector*>{&first, &second, &wildcard});
  CHECK(in_domain_of("*.mail.bank.test") == std::multiset<const InboundConnector*>{&other});
  CHECK(in_domain_of("vendor.example").empty());
}

TEST_CASE("the nearest prefix is found on either side, and only inside the block") {
  InboundConnector low, high, twin;
  low.sender_ip_addresses = {IpPrefix::parse("198.51.100.8/29").value(),
                             IpPrefix::parse("2001:db8:1:1::/64").value()};
  high.sender_ip_addresses = {IpPrefix::parse("198.51.100.200").value(),
                              IpPrefix::parse("198.51.101.0").value()};
  twin.sender_ip_addresses = {IpPrefix::parse("198.51.100.200").value()};
  ConnectorIndex index;
  index.insert(std::vector<const InboundConnector*>{&low, &high, &twin});
  const auto near = [&](std::string_view text, unsigned length) {
    const IpAddress address = IpAddress::parse(text).value();
    std::set<std::pair<const InboundConnector*, std::string>> found;
    for (const auto& [prefix, one] : index.nearest(address, IpPrefix(address, length))) {
      found.emplace(one, prefix.to_string());
    }
    return found;
  };
  using Expected = std::set<std::pair<const InboundConnector*, std::string>>;
  CHECK(near("198.51.100.20", 24) == Expected{{&low, "198.51.100.8/29"}});
  CHECK(near("198.51.100.1", 24) == Expected{{&low, "198.51.100.8/29"}});
  CHECK(near("198.51.100.190", 24) ==
        Expected{{&high, "198.51.100.200"}, {&twin, "198.51.100.200"}});
  CHECK(near("198.51.100.255", 24) ==
        Expected{{&high, "198.51.100.200"}, {&twin, "198.51.100.200"}});
  CHECK(near("198.51.101.7", 24) == Expected{{&high, "198.51.101.0"}});
  CHECK(near("198.51.99.255", 24).empty());
  CHECK(near("198.51.102.0", 24).empty());
  CHECK(near("2001:db8:1:2::1", 48) == Expected{{&low, "2001:db8:1:1::/64"}});
  CHECK(near("2001:db8:2::1", 48).empty());
}

TEST_CASE("overlapping addresses of OnPremises connectors are found, each prefix once") {
  InboundConnector wide, narrow, other;
  wide.sender_ip_addresses = {IpPrefix::parse("198.51.100.0/24").value()};
  narrow.sender_ip_addresses = {IpPrefix::parse("198.51.100.7").value(),
                                IpPrefix::parse("2001:db8::/64").value()};
  other.sender_ip_addresses = {IpPrefix::parse("198.51.101.0/24").value()};
  OnPremisesIndex index;
  for (const auto* one : {&wide, &narrow, &other}) index.insert(*one);
  const auto overlaps = [&](std::string_view text) {
    std::vector<std::string> found;
    index.for_each_overlap(IpPrefix::parse(text).value(),
                           [&](const IpPrefix& prefix, OnPremisesIndex::Candidates) {
                             found.push_back(prefix.to_string());
                             return true;
                           });
    return found;
  };
  CHECK(overlaps("198.51.100.7") == std::vector<std::string>{"198.51.100.0/24", "198.51.100.7"});
  CHECK(overlaps("198.51.100.0/24") == std::vector<std::string>{"198.51.100.0/24", "198.51.100.7"});
  CHECK(overlaps("198.51.96.0/20") ==
        std::vector<std::string>{"198.51.100.0/24", "198.51.100.7", "198.51.101.0/24"});
  CHECK(overlaps("2001:db8::1") == std::vector<std::string>{"2001:db8::/64"});
  CHECK(overlaps("192.0.2.1").empty());
  index.remove(narrow);
  CHECK(overlaps("198.51.100.7") == std::vector<std::string>{"198.51.100.0/24"});
}

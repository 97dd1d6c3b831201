#include "directory/prefix_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

using namespace postern;
using namespace postern::directory;

namespace {

using Tree = PrefixTree<int>;
using Reference = std::map<IpPrefix, int>;

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}

std::vector<IpPrefix> covering(const Tree& tree, const IpPrefix& inner) {
  std::vector<IpPrefix> found;
  tree.for_each_covering(inner, [&](const IpPrefix& one, int) {
    found.push_back(one);
    return true;
  });
  return found;
}

Reference within(const Tree& tree, const IpPrefix& outer) {
  Reference found;
  tree.for_each_within(outer, [&](const IpPrefix& one, int value) {
    CHECK(found.emplace(one, value).second);
    return true;
  });
  return found;
}

/// Addresses that often share their first bits.
IpPrefix random_prefix(std::mt19937& random) {
  const auto byte = [&] {
    return static_cast<std::uint8_t>(random() % 3 == 0 ? random() : random() % 2 * 0x80);
  };
  if (random() % 2 == 0) {
    return IpPrefix(IpAddress::v4({10, byte(), byte(), byte()}), random() % 33);
  }
  std::array<std::uint8_t, 16> bytes{0x20, 0x01};
  for (std::size_t i = 4; i < 16; ++i) bytes[i] = byte();
  return IpPrefix(IpAddress::v6(bytes), random() % 129);
}

}  // namespace

TEST_CASE("the prefixes that have an address in them come from short to long") {
  Tree tree;
  for (const char* text :
       {"10.0.0.0/8", "10.1.0.0/24", "10.1.0.128/25", "10.2.0.0/16", "0.0.0.0/0", "::/0"}) {
    tree.edit(prefix(text)) = 1;
  }
  CHECK(covering(tree, prefix("10.1.0.129")) ==
        std::vector{prefix("0.0.0.0/0"), prefix("10.0.0.0/8"), prefix("10.1.0.0/24"),
                    prefix("10.1.0.128/25")});
  CHECK(covering(tree, prefix("10.3.0.0/16")) ==
        std::vector{prefix("0.0.0.0/0"), prefix("10.0.0.0/8")});
  CHECK(covering(tree, prefix("2001:db8::1")) == std::vector{prefix("::/0")});
  CHECK(within(tree, prefix("10.0.0.0/14")).size() == 3);
  CHECK(within(tree, prefix("10.1.0.0/26")).empty());
}

TEST_CASE("a prefix tree agrees with a look at every prefix, and copies stay as they were") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<Tree, Reference>> versions(1);
    for (int step = 0; step < 1500; ++step) {
      if (random() % 150 == 0) versions.push_back(versions[random() % versions.size()]);
      auto& [tree, expected] = versions[random() % versions.size()];
      const IpPrefix one = random_prefix(random);
      if (random() % 3 == 0 && !expected.empty()) {
        auto victim = expected.lower_bound(one);
        if (victim == expected.end()) victim = expected.begin();
        tree.erase(victim->first);
        expected.erase(victim);
        tree.erase(one);
        expected.erase(one);
      } else {
        tree.edit(one) = step;
        expected[one] = step;
      }
    }
    for (const auto& [tree, expected] : versions) {
      Reference everything = within(tree, prefix("0.0.0.0/0"));
      everything.merge(within(tree, prefix("::/0")));
      CHECK(everything == expected);
      for (int i = 0; i < 100; ++i) {
        const IpPrefix asked = random_prefix(random);
        std::vector<IpPrefix> expected_covering;
        Reference expected_within;
        for (const auto& [one, value] : expected) {
          if (one.contains(asked)) expected_covering.push_back(one);
          if (asked.contains(one)) expected_within.emplace(one, value);
        }
        std::ranges::sort(expected_covering, {}, &IpPrefix::length);
        CHECK(covering(tree, asked) == expected_covering);
        CHECK(within(tree, asked) == expected_within);
        const auto found = expected.find(asked);
        const int* const value = tree.find(asked);
        CHECK((value != nullptr) == (found != expected.end()));
        if (value != nullptr && found != expected.end()) CHECK(*value == found->second);
      }
    }
  }
}

#include "directory/persistent_map.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "directory/compact.h"

using namespace postern::directory;

namespace {

using Map = PersistentMap<Text, std::string>;

// Few distinct hashes, so that entries meet on every level and in lists of equal hashes.
struct PoorHash {
  std::uint64_t operator()(std::string_view text) const {
    return text.size() % 3 == 0 ? 7 : KeyHash{}(text) & 0x8000'0000'0000'0fff;
  }
};

template <class Tested>
std::map<std::string, std::string> contents(const Tested& map) {
  std::map<std::string, std::string> all;
  map.for_each([&](const Text& key, const std::string& value) {
    CHECK(all.emplace(key.str(), value).second);
    return true;
  });
  return all;
}

/// Does the same things to a PersistentMap and to a std::map, keeping copies on the way.
template <class Tested>
void compare_with_std_map(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<Tested, std::map<std::string, std::string>>> versions(1);
  for (int step = 0; step < 4000; ++step) {
    if (random() % 200 == 0) versions.push_back(versions[random() % versions.size()]);
    auto& [tested, expected] = versions[random() % versions.size()];
    const std::string key(1 + random() % 4, static_cast<char>('a' + random() % 12));
    const std::string longer = key + std::to_string(random() % 40);
    switch (random() % 4) {
      case 0:
        CHECK(tested.erase(std::string_view(longer)) == (expected.erase(longer) == 1));
        break;
      case 1:
        if (std::string* value = tested.edit(std::string_view(longer))) {
          *value += '!';
          expected.at(longer) += '!';
        } else {
          CHECK_FALSE(expected.contains(longer));
        }
        break;
      default:
        tested.insert_or_assign(Text(longer), std::to_string(step));
        expected.insert_or_assign(longer, std::to_string(step));
    }
    REQUIRE(tested.size() == expected.size());
  }
  for (const auto& [tested, expected] : versions) {
    CHECK(contents(tested) == expected);
    for (const auto& [key, value] : expected) {
      const std::string* const found = tested.find(std::string_view(key));
      REQUIRE(found != nullptr);
      CHECK(*found == value);
    }
    CHECK(tested.find("absent") == nullptr);
  }
}

}  // namespace

TEST_CASE("a persistent map behaves as std::map, and its copies do not see each other's changes") {
  for (unsigned seed = 0; seed < 10; ++seed) {
    compare_with_std_map<Map>(seed);
    compare_with_std_map<PersistentMap<Text, std::string, PoorHash>>(seed);
  }
}

TEST_CASE("a persistent map can be emptied again") {
  Map map;
  for (int i = 0; i < 1000; ++i) map.insert_or_assign(Text(std::to_string(i)), "x");
  const Map before = map;
  for (int i = 0; i < 1000; ++i) CHECK(map.erase(std::string_view(std::to_string(i))));
  CHECK(map.empty());
  CHECK(contents(map).empty());
  CHECK(before.size() == 1000);
  CHECK_FALSE(map.erase("1"));
}

TEST_CASE("threads may use maps that share nodes") {
  Map shared;
  for (int i = 0; i < 500; ++i) shared.insert_or_assign(Text(std::to_string(i)), "old");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = shared, t]() mutable {
      for (int i = 0; i < 500; ++i) {
        if (i % 4 == t) *copy.edit(std::string_view(std::to_string(i))) = "new";
        const Map another = copy;
        const bool changed = i % 4 == t;
        if (*another.find(std::string_view(std::to_string(i))) != (changed ? "new" : "old")) {
          std::abort();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(*shared.find("17") == "old");
}

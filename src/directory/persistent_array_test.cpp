#include "directory/persistent_array.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

using namespace postern::directory;

namespace {

using Shared = std::shared_ptr<int>;
using Array = PersistentArray<Shared>;

std::vector<int> contents(const Array& array) {
  std::vector<int> all;
  array.for_each([&](const Shared& value) {
    all.push_back(*value);
    return true;
  });
  return all;
}

std::vector<int> contents(const std::map<std::uint32_t, int>& map) {
  std::vector<int> all;
  for (const auto& [number, value] : map) all.push_back(value);
  return all;
}

}  // namespace

TEST_CASE("an array and all its copies agree with std::map") {
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<Array, std::map<std::uint32_t, int>>> versions(1);
    const std::vector<std::uint32_t> starts = {0, 60, 4'090, 1u << 30, ~std::uint32_t{0} - 70};
    for (int step = 0; step < 2000; ++step) {
      if (random() % 100 == 0) versions.push_back(versions[random() % versions.size()]);
      auto& [tested, expected] = versions[random() % versions.size()];
      const std::uint32_t number =
          starts[random() % starts.size()] + static_cast<std::uint32_t>(random() % 70);
      switch (random() % 4) {
        case 0:
          REQUIRE(tested.erase(number) == (expected.erase(number) == 1));
          break;
        case 1:
          if (Shared* value = tested.edit(number)) {
            *value = std::make_shared<int>(**value + 1);
            ++expected.at(number);
          } else {
            REQUIRE_FALSE(expected.contains(number));
          }
          break;
        default:
          tested.insert_or_assign(number, std::make_shared<int>(step));
          expected.insert_or_assign(number, step);
      }
      const Shared* const found = tested.find(number);
      REQUIRE((found != nullptr) == expected.contains(number));
    }
    for (const auto& [tested, expected] : versions) {
      REQUIRE(tested.size() == expected.size());
      REQUIRE(contents(tested) == contents(expected));
    }
  }
}

TEST_CASE("a value lives as long as an array that has it") {
  const auto value = std::make_shared<int>(1);
  {
    Array array;
    array.insert_or_assign(7, value);
    const Array copy = array;
    array.erase(7);
    CHECK(array.find(7) == nullptr);
    CHECK(copy.find(7) != nullptr);
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
}

#include "policy/sightings.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <set>

using namespace postern::policy;

namespace {

constexpr DayNumber first_day = 20'000;

}  // namespace

TEST_CASE("sightings are counted, on each day once") {
  SightingTable table(8);
  CHECK(!table.find(5, first_day));
  for (int i = 0; i < 3; ++i) CHECK(table.add(5, first_day).remembered);
  table.add(5, first_day + 2);
  const auto found = table.find(5, first_day + 2);
  REQUIRE(found);
  CHECK(found->days() == 2);
  CHECK(found->weight > 3.8);
  CHECK(table.size() == 1);
  CHECK(!table.add(0, first_day).remembered);
}

TEST_CASE("what was long ago weighs half as much each 30 days, and is forgotten after 64") {
  SightingTable table(8);
  for (int i = 0; i < 100; ++i) table.add(5, first_day);
  CHECK(std::lround(table.find(5, first_day + 30)->weight) == 50);
  CHECK(std::lround(table.find(5, first_day + 60)->weight) == 25);
  CHECK(table.find(5, first_day + 63)->days() == 1);
  CHECK(!table.find(5, first_day + 64));
  // Looking is not seeing.
  CHECK(std::lround(table.find(5, first_day)->weight) == 100);
}

TEST_CASE("a clock that goes back changes nothing that was counted") {
  SightingTable table(8);
  table.add(5, first_day);
  table.add(5, first_day - 5);
  CHECK(table.find(5, first_day)->days() == 1);
  CHECK(table.find(5, first_day)->weight == 2);
}

TEST_CASE("a dispute lasts as long as the memory") {
  SightingTable table(8);
  CHECK(!table.dispute(5, first_day));
  table.add(5, first_day);
  CHECK(table.dispute(5, first_day));
  for (int day = 1; day < SightingTable::kept_days; ++day) {
    table.add(5, static_cast<DayNumber>(first_day + day));
    CHECK(table.find(5, static_cast<DayNumber>(first_day + day))->disputed_day == first_day);
  }
  CHECK(table.find(5, first_day + SightingTable::kept_days)->disputed_day == 0);
}

TEST_CASE("marks stay until the thing is not seen any more") {
  SightingTable table(8, SightingTable::Bits::marks);
  table.add(5, first_day, 3);
  table.add(5, first_day + 40, 3);
  table.add(5, first_day + 80, 60);
  CHECK(table.find(5, first_day + 80)->days() == 2);
  CHECK(!table.find(5, first_day + 80 + 64));
}

TEST_CASE("a flood of new things neither grows the table nor pushes out what came again") {
  std::mt19937_64 random(7);
  SightingTable table(1024);
  std::set<std::uint64_t> regulars;
  while (regulars.size() < 200) regulars.insert(random() | 1);
  for (int day = 0; day < 2; ++day) {
    for (const std::uint64_t key : regulars)
      table.add(key, static_cast<DayNumber>(first_day + day));
  }
  // With so few in a thousand places all found room on both days, but for a crowded bucket.
  std::set<std::uint64_t> established;
  for (const std::uint64_t key : regulars) {
    const auto found = table.find(key, first_day + 1);
    if (found && found->days() == 2) established.insert(key);
  }
  CHECK(established.size() > 190);
  for (int i = 0; i < 200'000; ++i) {
    const auto day = static_cast<DayNumber>(first_day + 2 + i / 10'000);
    const auto added = table.add(random(), day);
    CHECK(!established.contains(added.pushed_out));
  }
  CHECK(table.size() <= table.capacity());
  CHECK(table.capacity() == 1024);
  for (const std::uint64_t key : established) CHECK(table.find(key, first_day + 22).has_value());
}

TEST_CASE("what was saved is there again") {
  SightingTable table(64);
  table.add(5, first_day);
  table.add(5, first_day + 1);
  table.dispute(5, first_day + 1);
  SightingTable other(64);
  other.put(*table.find(5, first_day + 1));
  const auto found = other.find(5, first_day + 3);
  REQUIRE(found);
  CHECK(found->days() == 2);
  CHECK(found->disputed_day == first_day + 1);
  CHECK(other.size() == 1);
}

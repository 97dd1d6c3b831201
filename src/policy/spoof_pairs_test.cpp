#include "policy/spoof_pairs.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace postern::policy;
using postern::directory::OrganizationId;

namespace {

constexpr DayNumber today = 20'000;

SpoofPairName pair(std::string user, int organization = 1) {
  return {.organization = OrganizationId{static_cast<std::uint32_t>(organization)},
          .spoofed_user = std::move(user),
          .sending_infrastructure = "tms.com"};
}

}  // namespace

TEST_CASE("on probation, the pair that was not seen for longest makes room") {
  SpoofPairBook book({.probation = 2, .established = 2});
  CHECK(book.add(pair("a"), today).remembered);
  book.add(pair("b"), today);
  book.add(pair("a"), today);
  const auto added = book.add(pair("c"), today);
  CHECK(added.remembered);
  REQUIRE(added.pushed_out.size() == 1);
  CHECK(added.pushed_out[0] == pair("b"));
  CHECK(book.size() == 2);
}

TEST_CASE("who comes on another day is established, and stays before who came on fewer") {
  SpoofPairBook book({.probation = 2, .established = 2});
  for (int day = 0; day < 3; ++day) {
    for (const char* user : {"a", "b"})
      CHECK(book.add(pair(user), static_cast<DayNumber>(today + day)).pushed_out.empty());
  }
  // Two days are fewer than three: c does not take a place, but is not forgotten either.
  for (int day = 3; day < 5; ++day)
    CHECK(book.add(pair("c"), static_cast<DayNumber>(today + day)).pushed_out.empty());
  const auto added = book.add(pair("c"), today + 5);
  REQUIRE(added.pushed_out.size() == 1);
  CHECK(added.pushed_out[0] == pair("a"));
}

TEST_CASE("without room for all organizations, one that has nothing on probation is not served") {
  SpoofPairBook book({.probation = 10, .established = 10, .total = 3});
  for (const char* user : {"a", "b", "c"}) CHECK(book.add(pair(user), today).remembered);
  CHECK(!book.add(pair("x", 2), today).remembered);
  CHECK(book.add(pair("d"), today).pushed_out == std::vector{pair("a")});
  book.forget_before(today + 1);
  CHECK(book.size() == 0);
  CHECK(book.add(pair("x", 2), today).remembered);
}

TEST_CASE("a flood of invented pairs is bounded, and established pairs survive it") {
  std::mt19937_64 random(11);
  const SpoofPairLimits limits{.probation = 50, .established = 100, .total = 200};
  SpoofPairBook book(limits);
  std::set<SpoofPairName> established;
  for (int i = 0; i < 40; ++i) established.insert(pair("regular" + std::to_string(i)));
  for (int day = 0; day < 10; ++day) {
    for (const auto& one : established) book.add(one, static_cast<DayNumber>(today + day));
    if (day == 0) continue;  // the flood begins when they have come twice
    for (int i = 0; i < 20'000; ++i) {
      // Some come again and again, today and tomorrow.
      const auto name = random() % 4 == 0 ? "again" + std::to_string(random() % 300)
                                          : "new" + std::to_string(random());
      const auto added = book.add(pair(name), static_cast<DayNumber>(today + day));
      CHECK(book.size() <= limits.total);
      for (const auto& out : added.pushed_out) CHECK(!established.contains(out));
    }
  }
  CHECK(book.size() <= limits.probation + limits.established);
}

TEST_CASE("pairs come back as they were saved") {
  SpoofPairBook book({.probation = 1, .established = 2});
  CHECK(book.restore(pair("a"), 2, today).pushed_out.empty());
  CHECK(book.restore(pair("b"), 3, today).pushed_out.empty());
  CHECK(book.restore(pair("c"), 5, today).pushed_out == std::vector{pair("a")});
  CHECK(book.restore(pair("d"), 1, today).remembered);
  CHECK(book.size() == 3);
}

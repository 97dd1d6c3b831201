#include "delivery/hop_breaker.h"

#include <doctest/doctest.h>

#include "delivery/hop_health.h"

using namespace postern::delivery;
using namespace std::chrono_literals;
using State = HopBreaker::State;

namespace {
const HopBreaker::Time start = HopBreaker::Time(1000s);
constexpr BreakerLimits limits{.failures = 3, .rest = 30s};
}  // namespace

TEST_CASE("a hop is given up after failures in a row, not after failures now and then") {
  HopBreaker breaker(limits);
  for (int i = 0; i < 10; ++i) {
    CHECK(breaker.may_try(start));
    breaker.failed(start);
    CHECK(breaker.may_try(start));
    breaker.failed(start);
    CHECK(breaker.may_try(start));
    breaker.succeeded();
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(breaker.state() == State::closed);
    breaker.failed(start);
  }
  CHECK(breaker.state() == State::open);
  CHECK_FALSE(breaker.may_try(start));
  CHECK_FALSE(breaker.may_try(start + 29s));
}

TEST_CASE("one message at a time tries whether a hop is back") {
  HopBreaker breaker(limits);
  for (int i = 0; i < 3; ++i) breaker.failed(start);
  // Those that were under way do not make it last longer.
  breaker.failed(start + 20s);
  CHECK(breaker.may_try(start + 30s));
  CHECK(breaker.state() == State::half_open);
  CHECK_FALSE(breaker.may_try(start + 30s));
  breaker.failed(start + 40s);
  CHECK(breaker.state() == State::open);
  CHECK_FALSE(breaker.may_try(start + 69s));

  CHECK(breaker.may_try(start + 70s));
  breaker.abandoned();
  CHECK(breaker.may_try(start + 70s));
  breaker.heard();
  CHECK(breaker.state() == State::closed);
  CHECK(breaker.may_try(start + 70s));

  SUBCASE("that answers commands and hangs later: one more failure is enough") {
    breaker.failed(start + 80s);
    CHECK(breaker.state() == State::open);
  }
  SUBCASE("that took the message is well") {
    breaker.succeeded();
    CHECK(breaker.is_well());
    breaker.failed(start + 80s);
    CHECK(breaker.state() == State::closed);
  }
}

TEST_CASE(
    "hops do not share their fate, and an attempt without a word gives its place to the next") {
  HopHealth health({.breaker = limits, .address_retry = 60s});
  const NextHop dead = *parse_next_hop("smtp:dead.test:25");
  const NextHop other = *parse_next_hop("smtp:other.test:25");
  for (int i = 0; i < 3; ++i) health.attempt(dead, start)->failed("did not answer in time", start);
  CHECK_FALSE(health.attempt(dead, start + 1s));
  CHECK(health.refusal(dead, start + 1s) ==
        "smtp:dead.test:25 is left alone for 29 s after 3 failures, the last: did not answer in "
        "time");
  CHECK(health.attempt(other, start + 1s));
  CHECK(health.refusal(other, start + 1s).empty());
  REQUIRE(health.troubles(10).size() == 1);
  CHECK(health.troubles(10)[0].hop == "smtp:dead.test:25");
  CHECK(health.open_hops() == 1);

  {
    const auto gone = health.attempt(dead, start + 30s);
    CHECK(gone);
    CHECK_FALSE(health.attempt(dead, start + 30s));
  }
  {
    auto probe = health.attempt(dead, start + 30s);
    REQUIRE(probe);
    probe->heard();
    CHECK(health.attempt(dead, start + 30s));
  }
  CHECK(health.open_hops() == 0);
  CHECK(health.troubles(10).empty());
}

TEST_CASE("a failed address rests, then one message tries it") {
  HopHealth health({.breaker = limits, .address_retry = 60s});
  CHECK(health.may_try_address("192.0.2.1:25", start));
  health.address_failed("192.0.2.1:25", start);
  CHECK_FALSE(health.may_try_address("192.0.2.1:25", start + 59s));
  CHECK(health.may_try_address("192.0.2.2:25", start + 59s));
  CHECK(health.may_try_address("192.0.2.1:25", start + 60s));
  CHECK_FALSE(health.may_try_address("192.0.2.1:25", start + 60s));
  health.address_works("192.0.2.1:25");
  CHECK(health.may_try_address("192.0.2.1:25", start + 61s));
  for (std::size_t i = 0; i < max_troubled + 10; ++i)
    health.address_failed(std::to_string(i), start + std::chrono::seconds(i));
  CHECK(health.may_try_address("0", start));
  CHECK_FALSE(health.may_try_address("20", start));
}

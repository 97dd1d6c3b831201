#include "edge/connector_rates.h"

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

using namespace postern;
using namespace postern::edge;
using directory::Guid;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Guid guid(unsigned number) {
  std::string text = std::to_string(number);
  text.insert(0, 12 - text.size(), '0');
  return Guid::parse("00000000-0000-0000-0000-" + text).value();
}

ConnectorRates::Time at(milliseconds time) {
  return ConnectorRates::Time(std::chrono::hours(1000) + time);
}

}  // namespace

TEST_CASE("messages and recipients are counted for a minute, and for each connector alone") {
  ConnectorRates rates;
  CHECK(rates.take(guid(1), true, at(seconds(0))).messages == 1);
  const auto second = rates.take(guid(1), false, at(seconds(10)));
  CHECK(second.messages == 1);
  CHECK(second.recipients == 2);
  CHECK(rates.take(guid(2), true, at(seconds(10))).recipients == 1);
  CHECK(rates.take(guid(1), true, at(seconds(59))).recipients == 3);
  // The first is more than a minute old.
  const auto later = rates.take(guid(1), true, at(seconds(66)));
  CHECK(later.messages == 2);
  CHECK(later.recipients == 3);
  CHECK(rates.take(guid(1), true, at(seconds(1000))).recipients == 1);
}

TEST_CASE("what is given back counts no more") {
  ConnectorRates rates;
  rates.take(guid(1), true, at(seconds(0)));
  rates.take(guid(1), true, at(seconds(20)));
  rates.give_back(guid(1), true, at(seconds(20)));
  CHECK(rates.take(guid(1), true, at(seconds(21))).messages == 2);
  // So long ago that its slot is another's.
  rates.give_back(guid(1), true, at(seconds(-100)));
  CHECK(rates.take(guid(1), true, at(seconds(21))).messages == 3);
}

TEST_CASE("no sixty seconds ever have more than the limit, and the limit is reached") {
  constexpr policy::RateLimits limits{.messages = 7};
  std::mt19937 random(5);
  ConnectorRates rates;
  std::deque<milliseconds> sent;  // within a minute
  std::size_t most = 0;
  milliseconds time(0);
  for (int i = 0; i < 20'000; ++i) {
    time += milliseconds(random() % 9'000);
    if (rates.take(guid(1), true, at(time)).messages > limits.messages) {
      rates.give_back(guid(1), true, at(time));
      continue;
    }
    sent.push_back(time);
    while (time - sent.front() >= seconds(60)) sent.pop_front();
    REQUIRE(sent.size() <= limits.messages);
    most = std::max(most, sent.size());
  }
  CHECK(most == limits.messages);
}

TEST_CASE("threads together get no more than the limit") {
  constexpr policy::RateLimits limits{.messages = 100};
  ConnectorRates rates;
  std::atomic<unsigned> passed = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) {
          const bool may = rates.take(guid(1), true, at(seconds(0))).messages <= limits.messages;
          if (may) ++passed;
          if (!may) rates.give_back(guid(1), true, at(seconds(0)));
        }
      });
    }
  }
  CHECK(passed == limits.messages);
}

TEST_CASE("who has sent nothing for a minute is forgotten, and there are never too many") {
  ConnectorRates rates;
  constexpr auto most = ConnectorRates::max_connectors;
  for (unsigned i = 0; i < most; ++i) rates.take(guid(i), true, at(seconds(0)));
  CHECK(rates.size() == most);
  // Not counted: nothing can be forgotten yet.
  CHECK(rates.take(guid(most), true, at(seconds(1))).messages == 0);
  CHECK(rates.size() == most);
  CHECK(rates.take(guid(most), true, at(seconds(100))).messages == 1);
  CHECK(rates.size() == 1);
}

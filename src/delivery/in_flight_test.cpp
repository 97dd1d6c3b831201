#include "delivery/in_flight.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <thread>

#include "net/run.h"

using namespace postern;
using namespace postern::delivery;

namespace {

store::LedgerKey key_of(char name) {
  store::LedgerKey key{};
  key.fill(name);
  return key;
}

Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
constexpr std::chrono::milliseconds long_time{30'000};
constexpr std::chrono::milliseconds short_time{20};

const auto present = [] { return false; };
const auto gone = [] { return true; };

}  // namespace

TEST_CASE("only an identical message whose client has left is waited for") {
  InFlight in_flight;
  Counters counters;
  const auto enter = [&](char key, InFlight::ClientHasLeft left) {
    return net::run(in_flight.enter(key_of(key), std::move(left), in(short_time), counters.waited));
  };
  const auto here = enter('a', present);
  CHECK(enter('a', nullptr));
  CHECK(enter('a', present));
  CHECK(counters.waited == 0);
  {
    const auto away = enter('a', gone);
    REQUIRE(away);
    CHECK_FALSE(enter('a', present));
    CHECK(counters.waited == 1);
    CHECK(enter('b', present));
  }
  CHECK(enter('a', present));
}

TEST_CASE("threads that send the same message again and again do so one after the other") {
  InFlight in_flight;
  Counters counters;
  std::atomic<int> at_once{0};
  std::atomic<int> entered{0};
  const auto once = [&]() -> awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      auto entry = co_await in_flight.enter(key_of('a'), gone, in(long_time), counters.waited);
      CHECK(entry.has_value());
      CHECK(at_once.fetch_add(1) == 0);
      ++entered;
      std::this_thread::yield();
      --at_once;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&] { net::run(once()); });
  }
  CHECK(entered == 200);
}

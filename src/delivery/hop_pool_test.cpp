#include "delivery/hop_pool.h"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "delivery/hop_opener.h"
#include "delivery/scripted_server.h"

using namespace postern;
using namespace postern::delivery;

namespace {

using Slot = std::optional<std::expected<HopPool::Lease, NoLease>>;

struct PoolWorld {
  explicit PoolWorld(HopLimits limits)
      : pool(std::make_shared<HopPool>(
            io.get_executor(),
            std::make_shared<HopOpener>(io.get_executor(), HopMeans{.pool = workers}, "mx.test",
                                        OpenLimits{}, health, counters),
            limits, health, counters)) {}

  /// Asks for a lease; what came of it is in the slot once the io_context has run.
  std::shared_ptr<Slot> ask(std::chrono::milliseconds patience) {
    auto slot = std::make_shared<Slot>();
    const Deadline deadline = std::chrono::steady_clock::now() + patience;
    auto wait = [this, deadline, slot]() -> awaitable<void> {
      auto lease = co_await pool->lease(server.hop(), nullptr, deadline);
      slot->emplace(std::move(lease));
    };
    boost::asio::co_spawn(io, wait, [](std::exception_ptr error) { CHECK_FALSE(error); });
    return slot;
  }
  template <class Condition>
  void run_until(Condition condition) {
    io.restart();
    while (!condition()) REQUIRE(io.run_one() > 0);
  }

  ScriptedServer server{NextHop::Kind::lmtp};
  boost::asio::io_context io{1};
  net::BlockingPool workers{1, 8};
  Counters counters;
  HopHealth health;
  std::shared_ptr<HopPool> pool;
};

constexpr auto long_time = std::chrono::seconds(30);

}  // namespace

TEST_CASE("who comes when all connections are in use is served in turn, or gives up in time") {
  PoolWorld world({.connections = 1});
  const auto first = world.ask(long_time);
  world.run_until([&] { return first->has_value(); });
  const auto second = world.ask(long_time);
  const auto third = world.ask(long_time);
  const auto impatient = world.ask(std::chrono::milliseconds(20));
  world.run_until([&] { return impatient->has_value(); });
  CHECK(impatient->value().error().message ==
        "All connections to " + world.server.hop().to_string() + " are busy.");
  CHECK_FALSE(second->has_value());

  first->reset();
  world.run_until([&] { return second->has_value(); });
  CHECK_FALSE(third->has_value());
  second->reset();
  world.run_until([&] { return third->has_value(); });
  CHECK(third->value()->is_reused());
  CHECK(world.server.connections() == 1);
}

TEST_CASE("a connection is replaced after its share of messages") {
  PoolWorld world({.messages = 2});
  for (int i = 0; i < 5; ++i) {
    const auto lease = world.ask(long_time);
    world.run_until([&] { return lease->has_value(); });
    CHECK(lease->value()->is_reused() == (i % 2 == 1));
  }
  CHECK(world.server.connections() == 3);
  CHECK(world.counters.connections == 3);
  CHECK(world.counters.reused == 2);
}

TEST_CASE("connections that nobody uses are closed") {
  PoolWorld world({.idle = std::chrono::seconds(0)});
  {
    const auto lease = world.ask(long_time);
    world.run_until([&] { return lease->has_value(); });
  }
  CHECK(world.pool->idle_connections() == 1);
  world.run_until([&] { return world.pool->idle_connections() == 0; });
  world.io.run();
  CHECK(world.server.commands().back() == "QUIT\r\n");
}

TEST_CASE("a hop that cannot be reached gives its place back") {
  PoolWorld world({.connections = 1});
  world.server.stop_listening();
  for (int i = 0; i < 2; ++i) {
    const auto lease = world.ask(long_time);
    world.run_until([&] { return lease->has_value(); });
    CHECK(lease->value().error().message.starts_with("Cannot connect to 127.0.0.1:"));
  }
}

TEST_CASE("a lease may outlive the courier that gave it") {
  PoolWorld world({});
  const auto lease = world.ask(long_time);
  world.run_until([&] { return lease->has_value(); });
  world.pool.reset();
  lease->reset();
}

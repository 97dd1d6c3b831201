#include "net/blocking_pool.h"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <latch>

using namespace postern::net;

namespace {

boost::asio::awaitable<void> square(BlockingPool& pool, int number, std::optional<int>& out) {
  auto job = [number] { return number * number; };
  out = co_await pool.run(job);
}

}  // namespace

TEST_CASE("a result comes back to the caller's thread") {
  boost::asio::io_context io(1);
  BlockingPool pool(2, 8);
  std::optional<int> out;
  boost::asio::co_spawn(io, square(pool, 7, out), boost::asio::detached);
  io.run();
  CHECK(out == 49);
}

TEST_CASE("a full pool says so and calls nothing") {
  boost::asio::io_context io(1);
  std::latch started(1);
  std::latch release(1);
  BlockingPool pool(1, 1);  // last: its thread uses the latches until it ends
  REQUIRE(pool.try_submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  REQUIRE(pool.try_submit([] {}));

  std::optional<int> out = 1;
  boost::asio::co_spawn(io, square(pool, 7, out), boost::asio::detached);
  io.run();
  CHECK_FALSE(out);
  release.count_down();
}

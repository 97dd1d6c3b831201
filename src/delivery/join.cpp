#include "delivery/join.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <utility>

namespace postern::delivery {

namespace asio = boost::asio;

namespace {

struct Gate {
  explicit Gate(const asio::any_io_executor& executor) : opened(executor) {}
  asio::steady_timer opened;
  std::size_t running = 0;
  std::exception_ptr trouble;
};

}  // namespace

asio::awaitable<void> join(std::vector<asio::awaitable<void>> tasks) {
  if (tasks.size() == 1) {
    // The usual case costs nothing more.
    co_await std::move(tasks.front());
    co_return;
  }
  auto executor = co_await asio::this_coro::executor;
  auto gate = std::make_shared<Gate>(executor);
  gate->running = tasks.size();
  gate->opened.expires_at(asio::steady_timer::time_point::max());
  for (auto& task : tasks) {
    asio::co_spawn(executor, std::move(task), [gate](std::exception_ptr trouble) {
      if (trouble && !gate->trouble) gate->trouble = trouble;
      if (--gate->running == 0) gate->opened.cancel();
    });
  }
  while (gate->running > 0) {
    boost::system::error_code ignored;
    co_await gate->opened.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (gate->trouble) std::rethrow_exception(gate->trouble);
}

}  // namespace postern::delivery

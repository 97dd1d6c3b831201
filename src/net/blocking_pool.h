// Threads for calls that block: fsync, rename, SQLite. I/O threads hand them over and go on.
//
//   auto result = co_await pool.run([path] { return write_and_sync(path); });
//   if (!result) …  // the pool is full: 451 4.3.1
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace postern::net {

class BlockingPool {
 public:
  /// `max_waiting` bounds the calls that no thread has taken up yet.
  BlockingPool(std::size_t threads, std::size_t max_waiting);
  /// Finishes what was handed over, then ends the threads.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Calls `work` on one of the pool's threads and resumes on the caller's executor with what it
  /// returned (not void). Nothing: the pool is full and `work` was not called.
  template <class Work>
  boost::asio::awaitable<std::optional<std::invoke_result_t<Work>>> run(Work work) {
    using Value = std::invoke_result_t<Work>;
    // Named values only: nothing but plain objects may stand in the statement that suspends.
    auto executor = co_await boost::asio::this_coro::executor;
    auto result = std::make_shared<std::optional<Value>>();
    auto job = std::make_shared<Work>(std::move(work));
    auto start = make_start(executor, result, job);
    const bool accepted =
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(bool)>(
            start, boost::asio::use_awaitable);
    if (!accepted) co_return std::nullopt;
    co_return std::move(*result);
  }

  /// For work that nobody waits for. False: full.
  bool try_submit(std::move_only_function<void()> job);

  std::size_t waiting() const;

 private:
  template <class Executor, class Value, class Work>
  auto make_start(Executor executor, std::shared_ptr<std::optional<Value>> result,
                  std::shared_ptr<Work> job) {
    return [this, executor, result, job](auto handler) {
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      auto resume = [executor, shared](bool accepted) {
        boost::asio::post(executor, [shared, accepted] { std::move (*shared)(accepted); });
      };
      const bool accepted = try_submit([result, job, resume] {
        result->emplace((*job)());
        resume(true);
      });
      if (!accepted) resume(false);
    };
  }

  void work();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> jobs_;
  const std::size_t max_waiting_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace postern::net

// Runs coroutines to their end, for tests and small tools.
//
//   const std::string reply = run(ask(stream));
//   run_together(serve(left), talk(right));
//
// Sockets live on an io_context of the test's own:
//
//   boost::asio::io_context io(1);
//   start(io, serve(*left));
//   CHECK(run_on(io, talk(*right)) == "…");
//   run_until(io, [&] { return served; });
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace postern::net {

/// Lets `io` work until `done()`. Running out of work before that is an error of the test: it
/// waits for something that nobody will do.
template <class Done>
void run_until(boost::asio::io_context& io, Done done) {
  io.restart();
  while (!done()) {
    if (io.run_one() == 0) throw std::logic_error("waits for something that nobody will do");
  }
}

/// Begins `task`, which runs when `io` does. What it throws comes out of there.
template <class T>
void start(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  boost::asio::co_spawn(io, std::move(task), [](std::exception_ptr trouble, auto&&...) {
    if (trouble) std::rethrow_exception(trouble);
  });
}

/// Runs `io` until `task` has ended, and returns or throws what it did. Other work of `io` may
/// be left over.
template <class T>
T run_on(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  using Value = std::conditional_t<std::is_void_v<T>, char, T>;
  bool done = false;
  std::exception_ptr trouble;
  std::optional<Value> result;
  boost::asio::co_spawn(io, std::move(task),
                        [&]<class... Values>(std::exception_ptr e, Values&&... value) {
                          done = true;
                          trouble = e;
                          if constexpr (sizeof...(value) > 0) {
                            if (!e) result.emplace(std::forward<Values>(value)...);
                          }
                        });
  run_until(io, [&] { return done; });
  if (trouble) std::rethrow_exception(trouble);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class T>
T run(boost::asio::awaitable<T> task) {
  boost::asio::io_context io(1);
  return run_on(io, std::move(task));
}

/// Several at once on one thread, until all have ended.
template <class... Tasks>
void run_together(Tasks... tasks) {
  boost::asio::io_context io(1);
  std::exception_ptr trouble;
  std::size_t running = sizeof...(tasks);
  const auto note = [&](std::exception_ptr e) {
    --running;
    if (e && !trouble) trouble = e;
  };
  (boost::asio::co_spawn(io, std::move(tasks), note), ...);
  run_until(io, [&] { return running == 0; });
  if (trouble) std::rethrow_exception(trouble);
}

}  // namespace postern::net

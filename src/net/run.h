// Runs coroutines to their end, for tests and small tools.
//
//   const std::string reply = run(ask(stream));
//   run_together(serve(left), talk(right));
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

/// Runs `io` until `task` and whatever else it started has ended. An exception of the task comes
/// out of here.
template <class T>
T run_on(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  std::exception_ptr trouble;
  if constexpr (std::is_void_v<T>) {
    bool done = false;
    boost::asio::co_spawn(io, std::move(task),
                          [&](std::exception_ptr e) { trouble = e, done = true; });
    io.restart();
    io.run();
    if (trouble) std::rethrow_exception(trouble);
    if (!done) throw std::logic_error("the coroutine waits for something that nobody will do");
  } else {
    std::optional<T> result;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, T value) {
      trouble = e;
      result.emplace(std::move(value));
    });
    io.restart();
    io.run();
    if (trouble) std::rethrow_exception(trouble);
    if (!result) throw std::logic_error("the coroutine waits for something that nobody will do");
    return std::move(*result);
  }
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
  std::size_t ended = 0;
  const auto note = [&](std::exception_ptr e) {
    ++ended;
    if (e && !trouble) trouble = e;
  };
  (boost::asio::co_spawn(io, std::move(tasks), note), ...);
  io.run();
  if (trouble) std::rethrow_exception(trouble);
  if (ended != sizeof...(tasks))
    throw std::logic_error("a coroutine waits for something that nobody will do");
}

}  // namespace postern::net

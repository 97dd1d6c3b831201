// A value that will be there later, on the same thread: set once, awaited by whoever needs it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace postern::edge {

template <class T>
class Pending {
 public:
  bool is_ready() const { return value_.has_value(); }
  /// Null: not yet.
  const T* get() const { return value_ ? &*value_ : nullptr; }

  void set(T value) {
    value_.emplace(std::move(value));
    for (boost::asio::steady_timer* waiter : waiters_) waiter->cancel();
    for (auto& use : std::exchange(uses_, {})) use(*value_);
  }

  /// Calls `use` with the value, now or when it is there.
  template <class Use>
  void then(Use use) {
    if (value_) {
      use(*value_);
    } else {
      uses_.push_back(std::move(use));
    }
  }

  /// `self` keeps the value alive while somebody waits.
  static boost::asio::awaitable<const T*> wait(std::shared_ptr<Pending> self) {
    if (!self->value_) {
      // A timer that never ends is how a coroutine waits for its own thread.
      boost::asio::steady_timer waiter(co_await boost::asio::this_coro::executor,
                                       boost::asio::steady_timer::time_point::max());
      self->waiters_.push_back(&waiter);
      boost::system::error_code ignored;
      co_await waiter.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      std::erase(self->waiters_, &waiter);
    }
    co_return self->get();
  }

 private:
  std::optional<T> value_;
  std::vector<boost::asio::steady_timer*> waiters_;
  std::vector<std::move_only_function<void(const T&)>> uses_;
};

}  // namespace postern::edge

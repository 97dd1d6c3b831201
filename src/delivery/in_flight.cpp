#include "delivery/in_flight.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <utility>

namespace postern::delivery {

namespace asio = boost::asio;

std::size_t InFlight::HashKey::operator()(const store::LedgerKey& key) const {
  std::size_t value = 0;
  std::memcpy(&value, key.data(), sizeof(value));
  return value;
}

/// A coroutine that waits for the end of `message`. However it stops waiting, nobody posts to its
/// thread afterwards, which may be going down.
class InFlight::Registration {
 public:
  Registration(Shard& shard, std::shared_ptr<Message> message,
               std::shared_ptr<asio::steady_timer> timer)
      : shard_(shard), message_(std::move(message)), timer_(std::move(timer)) {}
  ~Registration() {
    shard_.with([&](Messages&) {
      std::erase_if(message_->waiters,
                    [&](const Waiter& waiter) { return waiter.timer == timer_; });
    });
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  Shard& shard_;
  const std::shared_ptr<Message> message_;
  const std::shared_ptr<asio::steady_timer> timer_;
};

/// Enters the message unless it has to wait for another, which is returned and has `waiter` now.
std::shared_ptr<InFlight::Message> InFlight::try_enter(const store::LedgerKey& key,
                                                       const std::shared_ptr<Message>& message,
                                                       const Waiter& waiter) {
  return shard_of(key).with([&](Messages& messages) -> std::shared_ptr<Message> {
    const auto [begin, end] = messages.equal_range(key);
    for (auto it = begin; it != end; ++it) {
      const std::shared_ptr<Message>& other = it->second;
      if (!other->client_has_left || !other->client_has_left()) continue;
      if (waiter.timer) other->waiters.push_back(waiter);
      return other;
    }
    messages.emplace(key, message);
    return nullptr;
  });
}

awaitable<std::optional<InFlight::Entry>> InFlight::enter(store::LedgerKey key,
                                                          ClientHasLeft client_has_left,
                                                          Deadline deadline,
                                                          Counters::Count& waits) {
  auto message = std::make_shared<Message>(
      Message{.client_has_left = std::move(client_has_left), .waiters = {}});
  // The usual message needs no timer.
  Waiter waiter;
  if (!try_enter(key, message, waiter)) co_return Entry(*this, key, std::move(message));

  Counters::add(waits);
  waiter.executor = co_await asio::this_coro::executor;
  for (;;) {
    waiter.timer = std::make_shared<asio::steady_timer>(waiter.executor, deadline);
    auto other = try_enter(key, message, waiter);
    if (!other) co_return Entry(*this, key, std::move(message));
    const Registration registration(shard_of(key), std::move(other), waiter.timer);
    // The timer is cancelled on this thread, and so not before the wait has begun.
    boost::system::error_code error;
    co_await waiter.timer->async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_return std::nullopt;
  }
}

void InFlight::leave(const store::LedgerKey& key, const std::shared_ptr<Message>& message) {
  shard_of(key).with([&](Messages& messages) {
    const auto [begin, end] = messages.equal_range(key);
    for (auto it = begin; it != end; ++it) {
      if (it->second != message) continue;
      messages.erase(it);
      break;
    }
    for (const Waiter& waiter : message->waiters) {
      asio::post(waiter.executor, [timer = waiter.timer] { timer->cancel(); });
    }
    message->waiters.clear();
  });
}

}  // namespace postern::delivery

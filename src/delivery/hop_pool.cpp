#include "delivery/hop_pool.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace postern::delivery {
namespace {

namespace asio = boost::asio;

/// A connection that was used this recently is taken without asking the system whether the hop
/// has closed it; if it has, the first command tells.
constexpr auto trusted_for = std::chrono::seconds(1);

awaitable<void> take_leave(std::unique_ptr<SmtpClient> client) {
  co_await client->quit();
}

}  // namespace

HopPool::HopPool(asio::any_io_executor executor, std::shared_ptr<HopOpener> opener,
                 HopLimits limits, HopHealth& health, Counters& counters)
    : executor_(executor),
      opener_(std::move(opener)),
      limits_(limits),
      health_(health),
      counters_(counters),
      sweeper_(executor) {}

awaitable<std::expected<HopPool::Lease, NoLease>> HopPool::lease(NextHop wanted,
                                                                 IntroductionRef whom,
                                                                 Deadline deadline) {
  const auto left_alone = [this](const NextHop& name) {
    Counters::add(counters_.left_alone);
    return std::unexpected(NoLease{.why = NoLease::Why::left_alone,
                                   .message = health_.refusal(name, Clock::now()),
                                   .address = ""});
  };
  if (!health_.refusal(wanted, Clock::now()).empty()) co_return left_alone(wanted);
  // Never erased, so that leases may point at it.
  const auto place = hops_.try_emplace(std::move(wanted)).first;
  const NextHop& name = place->first;
  Hop& hop = place->second;
  const bool has_place = co_await take_place(hop, deadline);
  if (!has_place) {
    co_return std::unexpected(
        NoLease{.why = NoLease::Why::busy,
                .message = "All connections to " + name.to_string() + " are busy.",
                .address = ""});
  }
  // Those who waited for a place may have seen the hop being given up.
  auto attempt = health_.attempt(name, Clock::now());
  if (!attempt) {
    give_place_back(hop);
    co_return left_alone(name);
  }
  Lease lease(shared_from_this(), name, hop, std::move(whom), std::move(*attempt));
  sweep_later();
  if (auto idle = take_idle(hop)) {
    lease.connection_ = std::move(*idle);
    const bool is_known = co_await introduce(lease.connection_, lease.whom_, deadline);
    if (is_known) {
      ++lease.connection_.messages;
      Counters::add(counters_.reused);
      co_return lease;
    }
  }
  if (auto opened = co_await lease.renew(deadline); !opened)
    co_return std::unexpected(opened.error());
  co_return lease;
}

/// False: this connection is of no use to us.
awaitable<bool> HopPool::introduce(Connection& connection, IntroductionRef whom,
                                   Deadline deadline) {
  if (!connection.xclient) co_return true;
  if (!whom || !connection.introduced) co_return !whom && !connection.introduced;
  if (*whom == *connection.introduced) co_return true;
  auto trouble = co_await connection.client->introduce(*whom, opener_->own_name(), deadline);
  connection.introduced = std::move(whom);
  co_return !trouble;
}

/// First come, first served.
awaitable<bool> HopPool::take_place(Hop& hop, Deadline deadline) {
  if (hop.in_use < limits_.connections) {
    ++hop.in_use;
    co_return true;
  }
  auto waiter = std::make_shared<Waiter>(executor_);
  waiter->timer.expires_at(deadline);
  hop.waiters.push_back(waiter);
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!waiter->granted) std::erase(hop.waiters, waiter);
  co_return waiter->granted;
}

void HopPool::give_place_back(Hop& hop) {
  if (hop.waiters.empty()) {
    --hop.in_use;
    return;
  }
  const auto next = hop.waiters.front();
  hop.waiters.pop_front();
  next->granted = true;
  next->timer.cancel();
}

bool HopPool::is_worn(const Connection& connection, Clock::time_point time) const {
  // Behind a better address that has come back nobody should stay for long.
  const auto age =
      connection.is_second_choice ? std::min(limits_.age, health_.address_retry()) : limits_.age;
  return connection.messages >= limits_.messages || time - connection.opened > age ||
         time - connection.last_used > limits_.idle;
}

std::optional<HopPool::Connection> HopPool::take_idle(Hop& hop) {
  const auto time = Clock::now();
  while (!hop.idle.empty()) {
    Connection connection = std::move(hop.idle.back());
    hop.idle.pop_back();
    if (is_worn(connection, time)) {
      dismiss(std::move(connection));
    } else if (time - connection.last_used < trusted_for || !connection.client->peer_has_closed()) {
      return connection;
    }
  }
  return std::nullopt;
}

void HopPool::dismiss(Connection connection) {
  asio::co_spawn(executor_, take_leave(std::move(connection.client)), asio::detached);
}

void HopPool::sweep_later() {
  if (sweeping_) return;
  sweeping_ = true;
  sweeper_.expires_after(limits_.idle);
  sweeper_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->sweep();
  });
}

void HopPool::sweep() {
  sweeping_ = false;
  const auto time = Clock::now();
  bool someone_is_left = false;
  for (auto& [name, hop] : hops_) {
    std::erase_if(hop.idle, [&](Connection& connection) {
      if (!is_worn(connection, time)) return false;
      dismiss(std::move(connection));
      return true;
    });
    someone_is_left = someone_is_left || !hop.idle.empty() || hop.in_use > 0;
  }
  if (someone_is_left) sweep_later();
}

std::size_t HopPool::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [name, hop] : hops_) count += hop.idle.size();
  return count;
}

bool HopPool::may_hold(const NextHop& name) const {
  const auto hop = hops_.find(name);
  return hop == hops_.end() || hop->second.held < limits_.held;
}

void HopPool::Lease::hold() {
  if (!std::exchange(held_, true)) ++hop_->held;
}

HopPool::Lease::~Lease() {
  if (!pool_) return;
  if (held_) --hop_->held;
  // A broken connection is closed with its client; there is nobody to take leave of.
  if (connection_.client && connection_.client->is_reusable()) {
    connection_.last_used = Clock::now();
    // What a PROXY header said holds for all that the connection will ever carry.
    if (connection_.proxy) connection_.messages = pool_->limits_.messages;
    hop_->idle.push_back(std::move(connection_));
  }
  pool_->give_place_back(*hop_);
}

awaitable<std::expected<void, NoLease>> HopPool::Lease::renew(Deadline deadline) {
  connection_ = {};
  const auto time = Clock::now();
  auto opened = co_await pool_->opener_->open(*name_, whom_, deadline);
  if (!opened) {
    attempt_.failed(opened.error().message);
    co_return std::unexpected(NoLease{.why = NoLease::Why::unreached,
                                      .message = std::move(opened.error().message),
                                      .address = std::move(opened.error().address)});
  }
  connection_.client = std::move(opened->client);
  connection_.introduced = opened->xclient ? whom_ : nullptr;
  connection_.xclient = opened->xclient;
  connection_.proxy = opened->proxy;
  connection_.is_second_choice = opened->is_second_choice;
  connection_.opened = time;
  connection_.last_used = time;
  connection_.messages = 1;
  co_return std::expected<void, NoLease>();
}

}  // namespace postern::delivery

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

HopPool::HopPool(asio::any_io_executor executor, Connect connect, std::string own_name,
                 HopLimits limits, Counters& counters)
    : executor_(executor),
      connect_(std::move(connect)),
      own_name_(std::move(own_name)),
      limits_(limits),
      counters_(counters),
      sweeper_(executor) {}

awaitable<Result<HopPool::Lease>> HopPool::lease(NextHop name, Deadline deadline) {
  Hop& hop = hops_[name];  // Never erased, so that leases may point at it.
  const bool has_place = co_await take_place(hop, deadline);
  if (!has_place) co_return fail("All connections to " + name.to_string() + " are busy.");
  Lease lease(shared_from_this(), name, hop);
  sweep_later();
  if (auto idle = take_idle(hop)) {
    lease.connection_ = std::move(*idle);
    ++lease.connection_.messages;
    Counters::add(counters_.reused);
    co_return lease;
  }
  if (auto opened = co_await lease.renew(deadline); !opened)
    co_return std::unexpected(opened.error());
  co_return lease;
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
  return connection.messages >= limits_.messages || time - connection.opened > limits_.age ||
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

awaitable<Result<HopPool::Connection>> HopPool::open(NextHop name, Deadline deadline) {
  const auto time = Clock::now();
  deadline = std::min(deadline, time + limits_.connect);
  auto stream = co_await connect_(name, deadline);
  if (!stream) co_return std::unexpected(stream.error());
  Connection connection;
  const Dialect dialect = name.kind == NextHop::Kind::lmtp ? Dialect::lmtp : Dialect::smtp;
  connection.client = std::make_unique<SmtpClient>(std::move(*stream), dialect);
  connection.opened = time;
  connection.last_used = time;
  connection.messages = 1;
  auto trouble = co_await connection.client->greet(own_name_, deadline);
  if (trouble) co_return fail(name.to_string() + " " + trouble->what + ".");
  Counters::add(counters_.connections);
  co_return connection;
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
    hop_->idle.push_back(std::move(connection_));
  }
  pool_->give_place_back(*hop_);
}

awaitable<Result<void>> HopPool::Lease::renew(Deadline deadline) {
  connection_.client.reset();
  auto opened = co_await pool_->open(name_, deadline);
  if (!opened) co_return std::unexpected(opened.error());
  connection_ = std::move(*opened);
  co_return Result<void>();
}

}  // namespace postern::delivery

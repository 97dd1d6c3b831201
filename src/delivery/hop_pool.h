// Connections to next hops that are kept open between messages. Each I/O thread has a pool of
// its own, so nothing here needs a lock.
//
//   auto lease = co_await pool->lease(hop, whom, deadline);  // an open connection, or a new one
//   … lease->client().begin(…) …
//   if (dead and nothing was said) co_await lease->renew(deadline);
//   // the lease ends: the connection goes back, unless it is broken
//
// A hop that is down or slow holds up to its own number of connections and those who wait for
// them; other hops do not notice.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/counters.h"
#include "delivery/hop_health.h"
#include "delivery/hop_opener.h"
#include "delivery/next_hop.h"
#include "delivery/smtp_client.h"

namespace postern::delivery {

/// For each hop and each I/O thread.
struct HopLimits {
  /// Open at once; who comes later waits until its deadline.
  std::size_t connections = 25;
  /// Of these, held for clients that are still sending: slow ones must not keep all.
  std::size_t held = 20;
  /// Of a connection: messages and age, so that a hop behind a balancer sees new ones.
  std::size_t messages = 1000;
  std::chrono::seconds age{300};
  /// Unused connections are closed after this time.
  std::chrono::seconds idle{30};
};

/// Why there is no lease.
struct NoLease {
  enum class Why { busy, left_alone, unreached };
  Why why = Why::busy;
  std::string message;  ///< a sentence that names the hop
  std::string address;  ///< of the server that was tried last, if any
};

class HopPool : public std::enable_shared_from_this<HopPool> {
 public:
  class Lease;

  HopPool(boost::asio::any_io_executor executor, std::shared_ptr<HopOpener> opener,
          HopLimits limits, HopHealth& health, Counters& counters);
  HopPool(const HopPool&) = delete;
  HopPool& operator=(const HopPool&) = delete;

  /// `whom`: for hops that want to know; null for mail of our own. A hop that is left alone
  /// (hop_breaker.h) is refused at once.
  awaitable<std::expected<Lease, NoLease>> lease(NextHop hop, IntroductionRef whom,
                                                 Deadline deadline);

  /// May one more client hold a connection to this hop while it sends?
  bool may_hold(const NextHop& hop) const;

  /// Open connections that nobody uses.
  std::size_t idle_connections() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection {
    std::unique_ptr<SmtpClient> client;
    IntroductionRef introduced;  ///< whom the hop takes us for; null: us
    bool xclient = false;
    bool proxy = false;
    bool is_second_choice = false;
    Clock::time_point opened;
    Clock::time_point last_used;
    std::size_t messages = 0;
  };
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    bool granted = false;  ///< a place was given to it
  };
  struct Hop {
    std::size_t in_use = 0;
    std::size_t held = 0;          ///< of those in use
    std::vector<Connection> idle;  ///< the one used last is at the end
    std::deque<std::shared_ptr<Waiter>> waiters;
  };

  awaitable<bool> take_place(Hop& hop, Deadline deadline);
  void give_place_back(Hop& hop);
  std::optional<Connection> take_idle(Hop& hop);
  bool is_worn(const Connection& connection, Clock::time_point time) const;
  awaitable<bool> introduce(Connection& connection, IntroductionRef whom, Deadline deadline);
  void dismiss(Connection connection);
  void sweep_later();
  void sweep();

  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<HopOpener> opener_;
  const HopLimits limits_;
  HopHealth& health_;
  Counters& counters_;
  std::map<NextHop, Hop> hops_;
  boost::asio::steady_timer sweeper_;
  bool sweeping_ = false;
};

class HopPool::Lease {
 public:
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  SmtpClient& client() { return *connection_.client; }
  /// The connection had served another message, so it may have died since.
  bool is_reused() const { return connection_.messages > 1; }
  /// From now on the client's pace counts: see HopLimits::held.
  void hold();
  /// Opens a new connection in place of this one.
  awaitable<std::expected<void, NoLease>> renew(Deadline deadline);

  // How the hop does, for all who want to use it.
  void heard() { attempt_.heard(); }
  void failed(std::string_view why) { attempt_.failed(why); }

 private:
  friend class HopPool;
  Lease(std::shared_ptr<HopPool> pool, const NextHop& name, Hop& hop, IntroductionRef whom,
        HopHealth::Attempt attempt)
      : pool_(std::move(pool)),
        name_(&name),
        hop_(&hop),
        whom_(std::move(whom)),
        attempt_(std::move(attempt)) {}

  std::shared_ptr<HopPool> pool_;  ///< null: moved from
  const NextHop* name_;            ///< the pool's
  Hop* hop_;
  IntroductionRef whom_;
  HopHealth::Attempt attempt_;
  Connection connection_;
  bool held_ = false;
};

}  // namespace postern::delivery

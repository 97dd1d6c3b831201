// What all threads know about next hops that are not well: whether a hop is asked at all
// (hop_breaker.h), and which of its addresses has failed of late.
//
// A failed address is left alone for a while, as long as the hop has another; then one message
// tries it, and the others go on elsewhere until that one has come through.
//
// Nothing is kept of hops that are well, and while all are, nobody takes the lock.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/hop_breaker.h"
#include "delivery/next_hop.h"

namespace postern::delivery {

/// Hops and addresses of which something is remembered; beyond, the one that ends first is
/// forgotten. MX records decide how many addresses there are.
inline constexpr std::size_t max_troubled = 10'000;

struct HealthLimits {
  BreakerLimits breaker;
  /// How long a failed address is left alone.
  std::chrono::seconds address_retry{60};
};

class HopHealth {
 public:
  using Time = HopBreaker::Time;

  explicit HopHealth(HealthLimits limits = {}) : limits_(limits) {}
  HopHealth(const HopHealth&) = delete;
  HopHealth& operator=(const HopHealth&) = delete;

  /// One message's dealings with a hop. Ends with a verdict, whoever forgets to give one.
  class Attempt {
   public:
    Attempt(Attempt&& other) noexcept;
    Attempt& operator=(Attempt&&) = delete;
    ~Attempt();

    void heard();
    void failed(std::string_view why, Time now = std::chrono::steady_clock::now());

   private:
    friend class HopHealth;
    Attempt(HopHealth& health, const NextHop& hop) : health_(&health), hop_(&hop) {}

    HopHealth* health_;  ///< null: moved from, or the verdict is given
    const NextHop* hop_;
    bool heard_ = false;
  };

  /// Empty: the hop may be asked. Else why it is left alone, a sentence.
  std::string refusal(const NextHop& hop, Time now) const;
  /// Nothing: it is left alone. `hop` outlives the attempt.
  std::optional<Attempt> attempt(const NextHop& hop, Time now);

  /// May this address be tried? After its rest one caller is told so; it has to say what came of
  /// it, or the next one comes after another rest.
  bool may_try_address(const std::string& address, Time now);
  void address_works(const std::string& address);
  void address_failed(const std::string& address, Time now);

  /// Hops that last did not offer DSN; each note is of a connection.
  void note_dsn(const NextHop& hop, bool is_offered);
  bool lacks_dsn(const NextHop& hop) const;

  struct Trouble {
    std::string hop;
    HopBreaker::State state;
  };
  /// Hops that are open or half open, `limit` at most.
  std::vector<Trouble> troubles(std::size_t limit) const;
  std::size_t open_hops() const;
  std::chrono::seconds address_retry() const { return limits_.address_retry; }

 private:
  struct Entry {
    HopBreaker breaker;
    std::string why;  ///< the last failure
  };

  void heard(const NextHop& hop);
  void succeeded(const NextHop& hop);
  void failed(const NextHop& hop, std::string_view why, Time now);
  void abandoned(const NextHop& hop);
  void count();

  const HealthLimits limits_;
  mutable std::mutex mutex_;
  std::map<NextHop, Entry> hops_;
  std::map<std::string, Time> resting_;
  std::set<NextHop> without_dsn_;
  std::atomic<std::size_t> without_dsn_count_{0};
  /// Sizes of the two maps, to be read without the lock.
  std::atomic<std::size_t> troubled_hops_{0};
  std::atomic<std::size_t> troubled_addresses_{0};
};

}  // namespace postern::delivery

// What delivery counts, for /metrics.
#pragma once

#include <atomic>
#include <cstdint>

namespace postern::delivery {

/// Shared by all threads. Recipients, where nothing else is said.
struct Counters {
  using Count = std::atomic<std::uint64_t>;

  Count delivered{0};
  Count deferred{0};
  Count refused{0};
  Count quarantined{0};      ///< a next hop refused them beside others that it took: look at these
  Count notified{0};         ///< a DSN told the sender
  Count remembered{0};       ///< had it already when the client came again
  Count waited{0};           ///< messages that waited for the end of an identical one
  Count ledger_failures{0};  ///< each may have cost a duplicate
  Count connections{0};      ///< opened to next hops
  Count reused{0};           ///< messages that found a connection open
  Count hop_failures{0};     ///< a hop could not be reached or broke off
  Count left_alone{0};       ///< messages deferred at once, since their hop had failed too often
  Count failovers{0};        ///< connections that another address took

  static void add(Count& count, std::uint64_t more = 1) {
    count.fetch_add(more, std::memory_order_relaxed);
  }
};

}  // namespace postern::delivery

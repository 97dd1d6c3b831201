// What the clients of each connector have sent within the last minute, for policy/rate_limit.h.
// Shared by all threads.
//
// A minute is counted in slots of a few seconds, so a connector costs the same however much it
// sends, and never sends more than its limit within any sixty seconds. Only connectors that have a
// limit are here, and only while they send.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <unordered_map>

#include "base/guarded.h"
#include "directory/guid.h"
#include "directory/key_hash.h"
#include "policy/rate_limit.h"

namespace postern::edge {

class ConnectorRates {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Connectors beyond so many that send in one minute are not counted, and so not limited.
  static constexpr std::size_t max_connectors = 100'000;

  /// Counts one recipient, and a message if it is the first of one, and says what that makes with
  /// what was counted in the last minute. Two threads that ask at once get different answers.
  policy::RateUse take(const directory::Guid& connector, bool begins_message, Time now);
  /// What was taken at `taken` is not sent after all: who is refused loses nothing by it.
  void give_back(const directory::Guid& connector, bool begins_message, Time taken);

  std::size_t size() const {
    return state_.with([](const State& state) { return state.counts.size(); });
  }

 private:
  static constexpr std::chrono::seconds slot_length{5};
  /// A minute, and the slot that has begun.
  static constexpr std::int64_t slot_count = 60 / slot_length.count() + 1;

  struct Slot {
    std::uint32_t messages = 0;
    std::uint32_t recipients = 0;
  };
  struct Count {
    std::array<Slot, slot_count> slots{};
    std::int64_t newest = 0;  ///< number of the slot that was written last
  };
  struct Hash {
    std::size_t operator()(const directory::Guid& guid) const {
      return directory::KeyHash{}(guid.bytes());
    }
  };
  struct State {
    std::unordered_map<directory::Guid, Count, Hash> counts;
    std::int64_t swept = 0;
  };

  static std::int64_t slot_of(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()) / slot_length;
  }
  static Slot& slot_at(Count& count, std::int64_t number) {
    return count.slots[static_cast<std::size_t>(number % slot_count)];
  }
  static void move_on(Count& count, std::int64_t number);
  static void sweep(State& state, std::int64_t number);

  Guarded<State> state_;
};

}  // namespace postern::edge

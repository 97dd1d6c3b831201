// When a next hop is asked, and when it is left alone.
//
//            `failures` in a row                   its time has come, for one message
//   closed ----------------------> open ------------------------------> half open
//      ^                             ^                                   |     |
//      |                             +---------- it fails ---------------+     |
//      +------------------------------ the hop answers ------------------------+
//
// While it is open nobody waits for the hop: mail for it is deferred at once, so that a hop that
// is dead, or that takes connections and never speaks, costs its own mail no more than a moment,
// and other hops' mail nothing. This machine is pure: the time comes in.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace postern::delivery {

struct BreakerLimits {
  /// Attempts in a row that come to nothing.
  std::size_t failures = 5;
  /// Until the next one is tried.
  std::chrono::seconds rest{30};
};

class HopBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { closed, open, half_open };

  explicit HopBreaker(BreakerLimits limits) : limits_(limits) {}

  /// May a message try the hop? If so, one of the calls below has to tell how it went.
  bool may_try(Time now);
  /// Would may_try say no? Changes nothing.
  bool is_left_alone(Time now) const;

  /// The hop has answered a command of this message. A hop that answers RCPT and hangs later is
  /// not well: one more failure opens it again.
  void heard();
  /// What was begun has come to an end with a word of the hop, whatever it said.
  void succeeded();
  void failed(Time now);
  /// Nobody will know: the client left first.
  void abandoned();

  State state() const { return state_; }
  std::size_t failures() const { return failures_; }
  Time until() const { return until_; }  ///< while it is open
  /// Nothing to remember.
  bool is_well() const { return state_ == State::closed && failures_ == 0; }

 private:
  BreakerLimits limits_;
  State state_ = State::closed;
  std::size_t failures_ = 0;
  Time until_{};
  bool probing_ = false;  ///< half open: somebody is trying
};

std::string_view to_string(HopBreaker::State state);

}  // namespace postern::delivery

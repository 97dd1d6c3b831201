#include "delivery/hop_breaker.h"

#include <cstdlib>

namespace postern::delivery {

bool HopBreaker::is_left_alone(Time now) const {
  switch (state_) {
    case State::closed:
      return false;
    case State::open:
      return now < until_;
    case State::half_open:
      return probing_;
  }
  std::abort();
}

bool HopBreaker::may_try(Time now) {
  if (is_left_alone(now)) return false;
  if (state_ == State::closed) return true;
  state_ = State::half_open;
  probing_ = true;
  return true;
}

void HopBreaker::heard() {
  if (state_ != State::half_open) return;
  state_ = State::closed;
  failures_ = limits_.failures - 1;
  probing_ = false;
}

void HopBreaker::succeeded() {
  // Also a late one, of an attempt that began before the hop was given up: it is alive.
  *this = HopBreaker(limits_);
}

void HopBreaker::failed(Time now) {
  // Those that were under way when it opened say nothing new.
  if (state_ == State::open) return;
  ++failures_;
  if (state_ == State::closed && failures_ < limits_.failures) return;
  state_ = State::open;
  until_ = now + limits_.rest;
  probing_ = false;
}

void HopBreaker::abandoned() {
  probing_ = false;
}

std::string_view to_string(HopBreaker::State state) {
  switch (state) {
    case HopBreaker::State::closed:
      return "closed";
    case HopBreaker::State::open:
      return "open";
    case HopBreaker::State::half_open:
      return "half-open";
  }
  std::abort();
}

}  // namespace postern::delivery

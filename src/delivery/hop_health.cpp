#include "delivery/hop_health.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace postern::delivery {
namespace {

using State = HopBreaker::State;

long seconds_between(HopHealth::Time from, HopHealth::Time to) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(to - from);
  return std::max<long>(0, left.count());
}

}  // namespace

HopHealth::Attempt::Attempt(Attempt&& other) noexcept
    : health_(std::exchange(other.health_, nullptr)), hop_(other.hop_), heard_(other.heard_) {}

HopHealth::Attempt::~Attempt() {
  if (health_ == nullptr) return;
  if (heard_) {
    health_->succeeded(*hop_);
  } else {
    health_->abandoned(*hop_);
  }
}

void HopHealth::Attempt::heard() {
  if (health_ == nullptr || std::exchange(heard_, true)) return;
  health_->heard(*hop_);
}

void HopHealth::Attempt::failed(std::string_view why, Time now) {
  if (health_ != nullptr) std::exchange(health_, nullptr)->failed(*hop_, why, now);
}

std::string HopHealth::refusal(const NextHop& hop, Time now) const {
  if (troubled_hops_.load(std::memory_order_relaxed) == 0) return {};
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end() || !found->second.breaker.is_left_alone(now)) return {};
  const HopBreaker& breaker = found->second.breaker;
  return hop.to_string() + " is left alone for " +
         std::to_string(seconds_between(now, breaker.until())) + " s after " +
         std::to_string(breaker.failures()) + " failures, the last: " + found->second.why;
}

std::optional<HopHealth::Attempt> HopHealth::attempt(const NextHop& hop, Time now) {
  if (troubled_hops_.load(std::memory_order_relaxed) > 0) {
    const std::lock_guard lock(mutex_);
    const auto found = hops_.find(hop);
    if (found != hops_.end() && !found->second.breaker.may_try(now)) return std::nullopt;
  }
  return Attempt(*this, hop);
}

void HopHealth::heard(const NextHop& hop) {
  if (troubled_hops_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end() || found->second.breaker.state() != State::half_open) return;
  found->second.breaker.heard();
  log_info("hop_closed", {{"next_hop", hop.to_string()}});
}

void HopHealth::succeeded(const NextHop& hop) {
  if (troubled_hops_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = hops_.find(hop);
  if (found == hops_.end()) return;
  if (found->second.breaker.state() != State::closed)
    log_info("hop_closed", {{"next_hop", hop.to_string()}});
  hops_.erase(found);
  count();
}

void HopHealth::failed(const NextHop& hop, std::string_view why, Time now) {
  const std::lock_guard lock(mutex_);
  if (hops_.size() >= max_troubled && !hops_.contains(hop)) {
    // Whoever has failed least often is the least loss.
    hops_.erase(std::ranges::min_element(
        hops_, {}, [](const auto& entry) { return entry.second.breaker.failures(); }));
  }
  Entry& entry = hops_.try_emplace(hop, Entry{HopBreaker(limits_.breaker), ""}).first->second;
  const State before = entry.breaker.state();
  entry.breaker.failed(now);
  entry.why = why;
  count();
  if (before != State::open && entry.breaker.state() == State::open) {
    log_error("hop_open", {{"next_hop", hop.to_string()},
                           {"failures", entry.breaker.failures()},
                           {"seconds", limits_.breaker.rest.count()},
                           {"error", why}});
  }
}

void HopHealth::abandoned(const NextHop& hop) {
  if (troubled_hops_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  if (const auto found = hops_.find(hop); found != hops_.end()) found->second.breaker.abandoned();
}

bool HopHealth::may_try_address(const std::string& address, Time now) {
  if (troubled_addresses_.load(std::memory_order_relaxed) == 0) return true;
  const std::lock_guard lock(mutex_);
  const auto found = resting_.find(address);
  if (found == resting_.end()) return true;
  if (now < found->second) return false;
  found->second = now + limits_.address_retry;
  return true;
}

void HopHealth::address_works(const std::string& address) {
  if (troubled_addresses_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  if (resting_.erase(address) == 0) return;
  log_info("hop_address_back", {{"address", address}});
  count();
}

void HopHealth::address_failed(const std::string& address, Time now) {
  const std::lock_guard lock(mutex_);
  if (resting_.size() >= max_troubled && !resting_.contains(address)) {
    resting_.erase(
        std::ranges::min_element(resting_, {}, [](const auto& entry) { return entry.second; }));
  }
  resting_.insert_or_assign(address, now + limits_.address_retry);
  count();
}

std::vector<HopHealth::Trouble> HopHealth::troubles(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Trouble> found;
  for (const auto& [hop, entry] : hops_) {
    if (entry.breaker.state() == State::closed) continue;
    if (found.size() == limit) break;
    found.push_back({hop.to_string(), entry.breaker.state()});
  }
  return found;
}

std::size_t HopHealth::open_hops() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      hops_, [](const auto& entry) { return entry.second.breaker.state() != State::closed; }));
}

/// Under the lock.
void HopHealth::count() {
  troubled_hops_.store(hops_.size(), std::memory_order_relaxed);
  troubled_addresses_.store(resting_.size(), std::memory_order_relaxed);
}

void HopHealth::note_dsn(const NextHop& hop, bool is_offered) {
  if (is_offered && without_dsn_count_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  if (is_offered) {
    without_dsn_.erase(hop);
  } else if (without_dsn_.size() < max_troubled) {
    without_dsn_.insert(hop);
  }
  without_dsn_count_.store(without_dsn_.size(), std::memory_order_relaxed);
}

bool HopHealth::lacks_dsn(const NextHop& hop) const {
  if (without_dsn_count_.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard lock(mutex_);
  return without_dsn_.contains(hop);
}

}  // namespace postern::delivery

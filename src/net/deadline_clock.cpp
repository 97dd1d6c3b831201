#include "net/deadline_clock.h"

#include <algorithm>

namespace postern::net {

DeadlineClock::DeadlineClock(boost::asio::io_context& io) : timer_(io) {}

void DeadlineClock::Entry::set_due(Clock::time_point due) {
  due_ = due;
  clock_.watch(*this);
}

std::uint64_t DeadlineClock::tick_of(Clock::time_point time) const {
  return time <= start_ ? 0 : static_cast<std::uint64_t>((time - start_) / tick);
}

void DeadlineClock::watch(Entry& entry) {
  if (entry.due_ == never) return forget(entry);
  // One tick later than the one it falls into, so that it is never early.
  const std::uint64_t wanted = tick_of(entry.due_) + 1;
  if (entry.link_ != nullptr) {
    if (entry.bucket_tick_ <= wanted) return;
    take_out(entry);
  }
  if (entries_ == 0) done_ = tick_of(Clock::now());  // the wheel stood still while it was empty
  put(entry, wanted);
  if (!armed_) arm();
}

void DeadlineClock::forget(Entry& entry) {
  if (entry.link_ == nullptr) return;
  take_out(entry);
  if (entries_ == 0) timer_.cancel();
}

void DeadlineClock::put(Entry& entry, std::uint64_t at_tick) {
  entry.bucket_tick_ = std::clamp<std::uint64_t>(at_tick, done_ + 1, done_ + buckets - 1);
  Entry*& head = wheel_[entry.bucket_tick_ % buckets];
  entry.next_ = head;
  entry.link_ = &head;
  if (head != nullptr) head->link_ = &entry.next_;
  head = &entry;
  ++entries_;
}

void DeadlineClock::take_out(Entry& entry) {
  *entry.link_ = entry.next_;
  if (entry.next_ != nullptr) entry.next_->link_ = entry.link_;
  entry.next_ = nullptr;
  entry.link_ = nullptr;
  --entries_;
}

void DeadlineClock::arm() {
  armed_ = true;
  timer_.expires_at(start_ + static_cast<Clock::rep>(done_ + 1) * tick);
  timer_.async_wait([this](const boost::system::error_code&) {
    // Also after cancel(): an entry may have come since.
    armed_ = false;
    on_tick();
    if (entries_ > 0) arm();
  });
}

void DeadlineClock::on_tick() {
  const Clock::time_point now = Clock::now();
  const std::uint64_t present = tick_of(now);
  // After a long pause every bucket needs to be seen only once.
  if (present > done_ + buckets) done_ = present - buckets;
  while (done_ < present && entries_ > 0) {
    ++done_;
    Entry* entry = wheel_[done_ % buckets];
    while (entry != nullptr) {
      Entry* const next = entry->next_;
      take_out(*entry);
      if (entry->due_ <= now) {
        entry->on_overdue();  // starts nothing at once: it cancels, and the rest is posted
      } else {
        put(*entry, tick_of(entry->due_) + 1);
      }
      entry = next;
    }
  }
}

}  // namespace postern::net

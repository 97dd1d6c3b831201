// One coarse clock for all streams of a thread.
//
// A session sets a deadline for every command, and nearly none of them passes. So setting one
// must cost next to nothing: no timer, no allocation, no heap. The clock ticks four times a
// second and keeps its deadlines in a wheel of buckets, one for each tick to come:
//
//   bucket   now  +1  +2  …  +255
//             |    |   |        |
//            a-b   c  (…)     d-e        d is due in 5 minutes: it is looked at again in 64 s
//
// A deadline that moves later (the usual case: the peer spoke, the time starts anew) stays in
// the bucket where it is, and is put where it belongs when that bucket's turn comes. Deadlines
// are therefore never early and at most one tick late.
//
// The clock ticks only while something is in the wheel, so an io_context without streams ends.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

namespace postern::net {

class DeadlineClock {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::duration tick = std::chrono::milliseconds(250);
  static constexpr Clock::time_point never = Clock::time_point::max();

  /// Something with a deadline. It leaves the wheel when it is destroyed.
  class Entry {
   public:
    explicit Entry(DeadlineClock& clock) : clock_(clock) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   protected:
    ~Entry() { clock_.forget(*this); }
    Clock::time_point due() const { return due_; }
    /// Replaces the deadline; `on_overdue` will be called once, unless it is moved again
    /// or `never`.
    void set_due(Clock::time_point due);

   private:
    friend class DeadlineClock;
    virtual void on_overdue() = 0;

    DeadlineClock& clock_;
    Clock::time_point due_ = never;
    Entry* next_ = nullptr;
    Entry** link_ = nullptr;  // what points at us; null when we are in no bucket
    std::uint64_t bucket_tick_ = 0;
  };

  explicit DeadlineClock(boost::asio::io_context& io);
  DeadlineClock(const DeadlineClock&) = delete;
  DeadlineClock& operator=(const DeadlineClock&) = delete;

 private:
  static constexpr std::size_t buckets = 256;

  void watch(Entry& entry);
  void forget(Entry& entry);
  void put(Entry& entry, std::uint64_t at_tick);
  void take_out(Entry& entry);
  void arm();
  void on_tick();
  std::uint64_t tick_of(Clock::time_point time) const;

  const Clock::time_point start_ = Clock::now();
  std::array<Entry*, buckets> wheel_{};
  std::uint64_t done_ = 0;  // the last tick whose bucket was looked at
  std::size_t entries_ = 0;
  bool armed_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace postern::net

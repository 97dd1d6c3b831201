// A bounded memory of things that were seen: how often lately, and on which days.
//
// Things are known by a keyed hash of 64 bits. Each has its place among eight in a table of fixed
// size, so looking is one cache line or three, and memory never grows. Strangers can make us see
// new things without end; a new one takes the place of one that was seen on a single day, never of
// one that came again. So what an organization has really to do with stays, and a flood only pushes
// out itself. If all eight came again, the new one is not remembered.
//
// Not safe for two threads at once. Days are counted from 1970; time never goes back in here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace postern::policy {

using DayNumber = std::uint16_t;

struct Sighting {
  std::uint64_t key = 0;  ///< 0: a free place
  /// Bit n: it was seen n days before `day`. In a table of marks: the marks.
  std::uint64_t bits = 0;
  /// How often, in halves with each half_life_days that passed.
  float weight = 0;
  DayNumber day = 0;           ///< the last on which it was seen
  DayNumber disputed_day = 0;  ///< the last on which it was disputed; 0: never

  int days() const;  ///< different ones, or marks
};

class SightingTable {
 public:
  static constexpr int half_life_days = 30;
  /// What is longer ago is forgotten.
  static constexpr int kept_days = 64;
  static constexpr std::size_t places = 8;  ///< of one hash

  enum class Bits {
    days,  ///< each stands for a day
    marks  ///< each is given with the sighting: which of 64 kinds were seen together with it
  };

  /// Room for `capacity` things, rounded up to a power of two.
  explicit SightingTable(std::size_t capacity, Bits bits = Bits::days);

  /// As it is on that day. Nothing: not remembered.
  std::optional<Sighting> find(std::uint64_t key, DayNumber today) const;

  struct Added {
    bool remembered = false;
    std::uint64_t pushed_out = 0;  ///< the key whose place it took; 0: none
  };
  /// `mark` 0 to 63, in a table of marks.
  Added add(std::uint64_t key, DayNumber today, unsigned mark = 0);
  /// False: not remembered, so there is nothing to dispute.
  bool dispute(std::uint64_t key, DayNumber today);
  /// As it was saved.
  void put(const Sighting& saved);

  std::size_t capacity() const { return table_.size(); }
  std::size_t size() const { return size_; }

 private:
  Sighting aged(Sighting sighting, DayNumber today) const;
  std::span<Sighting> bucket(std::uint64_t key);
  Sighting* find_place(std::uint64_t key, DayNumber today);

  const Bits bits_;
  std::vector<Sighting> table_;
  std::size_t size_ = 0;
};

}  // namespace postern::policy

#include "policy/sightings.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace postern::policy {

int Sighting::days() const {
  return std::popcount(bits);
}

SightingTable::SightingTable(std::size_t capacity, Bits bits)
    : bits_(bits), table_(std::bit_ceil(std::max(capacity, places))) {}

Sighting SightingTable::aged(Sighting sighting, DayNumber today) const {
  if (today <= sighting.day) return sighting;
  const int passed = today - sighting.day;
  const bool is_forgotten = passed >= kept_days;
  if (is_forgotten) {
    sighting.bits = 0;
  } else if (bits_ == Bits::days) {
    sighting.bits <<= passed;
  }
  sighting.weight *= std::exp2(-static_cast<float>(passed) / half_life_days);
  if (today - sighting.disputed_day >= kept_days) sighting.disputed_day = 0;
  sighting.day = today;
  return sighting;
}

std::span<Sighting> SightingTable::bucket(std::uint64_t key) {
  const std::size_t first = (static_cast<std::size_t>(key) & (table_.size() - 1)) / places * places;
  return std::span(table_).subspan(first, places);
}

std::optional<Sighting> SightingTable::find(std::uint64_t key, DayNumber today) const {
  for (const Sighting& one : const_cast<SightingTable*>(this)->bucket(key)) {
    if (one.key != key || key == 0) continue;
    const Sighting found = aged(one, today);
    if (found.bits == 0) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

/// That of the key, or one that it may take. Null: none.
Sighting* SightingTable::find_place(std::uint64_t key, DayNumber today) {
  Sighting* best = nullptr;
  // The emptiest first: a free place, one that is forgotten, the oldest seen on one day.
  const auto rank = [](const Sighting& aged_one) {
    return aged_one.key == 0 ? -1 : aged_one.days();
  };
  for (Sighting& one : bucket(key)) {
    if (one.key == key) return &one;
    const int days = rank(aged(one, today));
    if (days > 1) continue;
    const int best_days = best == nullptr ? 2 : rank(aged(*best, today));
    if (days < best_days || (days == best_days && one.day < best->day)) best = &one;
  }
  return best;
}

SightingTable::Added SightingTable::add(std::uint64_t key, DayNumber today, unsigned mark) {
  if (key == 0) return {};
  Sighting* const place = find_place(key, today);
  if (place == nullptr) return {};
  Added added{.remembered = true};
  if (place->key == key) {
    *place = aged(*place, today);
  } else {
    added.pushed_out = place->key;
    if (place->key == 0) ++size_;
    *place = {.key = key, .day = today};
  }
  place->bits |= bits_ == Bits::days ? 1 : std::uint64_t{1} << mark % 64;
  place->weight += 1;
  return added;
}

bool SightingTable::dispute(std::uint64_t key, DayNumber today) {
  for (Sighting& one : bucket(key)) {
    if (one.key != key || key == 0) continue;
    one.disputed_day = std::max(one.disputed_day, today);
    return true;
  }
  return false;
}

void SightingTable::put(const Sighting& saved) {
  if (saved.key == 0) return;
  Sighting* const place = find_place(saved.key, saved.day);
  if (place == nullptr) return;
  if (place->key == 0) ++size_;
  *place = saved;
}

}  // namespace postern::policy

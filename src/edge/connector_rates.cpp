#include "edge/connector_rates.h"

namespace postern::edge {

using policy::RateUse;

/// Empties the slots between the one written last and `number`, which may be none or all.
void ConnectorRates::move_on(Count& count, std::int64_t number) {
  if (number - count.newest >= slot_count) count.slots = {};
  for (; count.newest < number && number - count.newest < slot_count; ++count.newest)
    slot_at(count, count.newest + 1) = {};
  count.newest = std::max(count.newest, number);
}

/// Forgets who has sent nothing for a minute. At most once in a slot: it looks at all.
void ConnectorRates::sweep(State& state, std::int64_t number) {
  if (state.swept == number) return;
  state.swept = number;
  std::erase_if(state.counts,
                [&](const auto& one) { return number - one.second.newest >= slot_count; });
}

RateUse ConnectorRates::take(const directory::Guid& connector, bool begins_message, Time now) {
  const std::int64_t number = slot_of(now);
  return state_.with([&](State& state) -> RateUse {
    auto found = state.counts.find(connector);
    if (found == state.counts.end()) {
      if (state.counts.size() >= max_connectors) sweep(state, number);
      if (state.counts.size() >= max_connectors) return {};
      found = state.counts.emplace(connector, Count{.newest = number}).first;
    }
    Count& count = found->second;
    move_on(count, number);
    // Another thread may have looked at its clock later and come first.
    Slot& slot = slot_at(count, count.newest);
    if (begins_message) ++slot.messages;
    ++slot.recipients;
    RateUse use;
    for (const Slot& one : count.slots) {
      use.messages += one.messages;
      use.recipients += one.recipients;
    }
    return use;
  });
}

void ConnectorRates::give_back(const directory::Guid& connector, bool begins_message, Time taken) {
  const std::int64_t number = slot_of(taken);
  state_.with([&](State& state) {
    const auto found = state.counts.find(connector);
    if (found == state.counts.end() || found->second.newest - number >= slot_count) return;
    Slot& slot = slot_at(found->second, number);
    if (begins_message && slot.messages > 0) --slot.messages;
    if (slot.recipients > 0) --slot.recipients;
  });
}

}  // namespace postern::edge

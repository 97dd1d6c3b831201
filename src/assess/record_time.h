// Points in time as exports write them, each in its program's and its reader's country's way.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace postern::assess {

/// ISO 8601 with up to seven decimals; `11/2/2026 8:00:01 AM` (the month first, unless it cannot be
/// one), `2.11.2026 08:00`, `Nov 2, 2026 8:00:01 AM`. Without a zone the time is UTC, as Exchange
/// Online's exports are.
std::optional<Time> parse_record_time(std::string_view text);

/// `Nov  2 08:00:01` of a log, at the cursor's beginning, consumed. The year is the one that puts
/// it closest before `reference` (a day after is still before: clocks differ).
std::optional<Time> take_log_time(std::string_view& text, Time reference);

}  // namespace postern::assess

// Points in time, and the two ways a mail system writes them.
//
// Time is an input: nothing here or in mail/, auth/, directory/ and policy/ looks at the
// clock but `now()`, which the edges of the program call.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// UTC, to the microsecond.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

Time now();

/// `2025-01-29T19:07:30.476Z`: replies, logs, REST.
std::string format_iso(Time time);
/// `Wed, 29 Jan 2025 19:07:30 +0000` (RFC 5322 section 3.3): Received, Date.
std::string format_rfc5322(Time time);
/// `2025-01-29`, `2025-01-29T19:07`, `…:30`, `…:30.476`, each with or without `Z` or an offset
/// `+01:00`; a blank may stand for the T. Without an offset the time is UTC.
std::optional<Time> parse_iso(std::string_view text);

}  // namespace postern

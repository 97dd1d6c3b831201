// Dates as administrators write them.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace postern::admin {

/// What parse_iso reads, or month first as the examples of Microsoft's manual have it:
/// `6/13/2025`, `06/13/2025 14:05`, `6/13/2025 2:05:30 PM`. Always UTC.
std::optional<Time> parse_date(std::string_view text);

}  // namespace postern::admin

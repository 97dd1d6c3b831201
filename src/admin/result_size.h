// -ResultSize, and what Exchange says when there is more.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::admin {

inline constexpr std::size_t default_results = 1000;
/// Get-MessageTraceV2 gives no more at once.
inline constexpr std::size_t most_trace_results = 5000;
inline constexpr std::size_t unlimited_results = std::numeric_limits<std::size_t>::max();

inline constexpr std::string_view more_results =
    "There are more results available than are currently displayed. To view them, increase the "
    "value for the ResultSize parameter.";

/// A number from 1 to `most`; where there is no limit also `Unlimited`. Empty: default_results.
Result<std::size_t> result_size(const std::string& text, std::size_t most);

}  // namespace postern::admin

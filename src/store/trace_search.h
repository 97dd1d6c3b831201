// Finds rows in the trace of one day (trace_day.h).
#pragma once

#include <string>
#include <vector>

#include "store/trace_query.h"

namespace postern::store {

/// At least the first `query.limit` + 1 matches within `range`, newest first then by recipient, or
/// all there are. An exact recipient, sender, client, Message-ID or id is looked up by index;
/// everything else is looked for among the organization's rows of the time asked for.
/// An error: the file cannot be read.
Result<std::vector<TraceRecord>> search_trace_day(const std::string& path, const TraceQuery& query,
                                                  TraceRange range);

}  // namespace postern::store

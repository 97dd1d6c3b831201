// What /metrics tells of the parts that all threads share: read when somebody asks.
#pragma once

#include "admin/metrics.h"
#include "edge/shared_parts.h"

namespace postern::edge {

/// Both last as long as somebody may ask.
void watch_parts(admin::Metrics& metrics, const SharedParts& parts);

}  // namespace postern::edge

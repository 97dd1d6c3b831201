// The resolver that the configuration asks for, with the cache before it.
#pragma once

#include <memory>

#include "admin/metrics.h"
#include "base/result.h"
#include "dns/resolver.h"
#include "edge/config.h"

namespace postern::edge {

/// One for each thread: libunbound, or the zone file of [dns] zone. An error is a sentence.
Result<std::unique_ptr<dns::Resolver>> make_resolver(const Config& config, admin::Counts& counts);

}  // namespace postern::edge

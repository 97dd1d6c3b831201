// Puts the parts of posternd together, runs them, and takes them down again.
#pragma once

#include "edge/config.h"

namespace postern::edge {

/// Reads what the configuration names (certificates, keys, anchors, the zone) without changing
/// or binding anything. Tells on standard error; returns the exit status.
int check(const Config& config);

/// Makes up mail first: demo_data.h.
enum class SeedDemo { no, yes };

/// Until SIGTERM or SIGINT. Returns the exit status.
int run(const Config& config, SeedDemo seed = SeedDemo::no);

}  // namespace postern::edge

// Puts the parts of posternd together, runs them, and takes them down again.
#pragma once

#include "edge/config.h"

namespace postern::edge {

/// Reads what the configuration names (certificates, keys, anchors, the zone) without changing
/// or binding anything. Tells on standard error; returns the exit status.
int check(const Config& config);

/// Until SIGTERM or SIGINT. Returns the exit status.
int run(const Config& config);

}  // namespace postern::edge

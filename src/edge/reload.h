// What SIGHUP can change of a running posternd, and what it cannot.
//
// Sockets, databases, threads and connections to next hops were opened with the settings of the
// start and stay. Their keys keep the values that are in force, all of a key or nothing: a server
// that greeted with one name and spoke to next hops with another would be hard to understand.
#pragma once

#include <string>
#include <vector>

#include "edge/config.h"

namespace postern::edge {

struct Reload {
  /// `wanted`, with what needs a restart as it is in force.
  Config config;
  /// The keys of these, where the file now says something else: `[delivery] relay`.
  std::vector<std::string> need_restart;
};

Reload plan_reload(Config wanted, const Config& running);

}  // namespace postern::edge

// The resolver of the daemon: libunbound, which asks, follows, validates and caches.
//
// libunbound works in a thread of its own and tells through a pipe that answers are there. The
// descriptor here stands for that pipe and for the clock: every question ends in time, even if
// libunbound keeps trying.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/resolver.h"

namespace postern::dns {

struct UnboundOptions {
  /// `192.0.2.53`, `127.0.0.1:5353`, `[::1]:5353`; empty: those of /etc/resolv.conf.
  std::vector<std::string> servers;
  /// A file with the DNSKEY or DS of the root; empty: no validation when servers are given, else
  /// the file of Debian's dns-root-data or unbound-anchor, if it is there.
  std::string trust_anchor;
  std::chrono::milliseconds question_timeout{10'000};
  /// Questions in flight; further ones fail at once.
  std::size_t max_outstanding = 1000;
};

/// One for each thread that asks. Destroying it drops open questions without calling back.
Result<std::unique_ptr<Resolver>> make_unbound_resolver(const UnboundOptions& options);

/// `[::1]:5353` as libunbound writes it: `::1@5353`. Exposed for the configuration's checks.
Result<std::string> to_unbound_address(std::string_view server);

}  // namespace postern::dns

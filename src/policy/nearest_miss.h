// The connector that was probably meant, for mail that no connector vouches for.
//
// "Why did my printer not match?" is the question after every move to connectors. The answer is
// one connector and what it wanted, in words an administrator understands. The first of these
// that there is:
//
//   1. a connector that has the client's certificate name or address, but fails a condition;
//   2. one that lists a prefix in the client's /24, for IPv6 /48;
//   3. one for another certificate name of the same organizational domain;
//   4. the one that wants mail of the sender's domain from its own clients only.
//
// Each is found by an index, never by looking through the connectors, since most mail that no
// connector vouches for is simply mail from outside.
#pragma once

#include <optional>
#include <string>

#include "policy/attribution.h"

namespace postern::policy {

/// Prefixes this long and inside the client's block of this length are near.
inline constexpr unsigned near_v4_prefix = 24;
inline constexpr unsigned near_v6_prefix = 48;

struct NearestMiss {
  const directory::Organization* organization = nullptr;
  const directory::InboundConnector* connector = nullptr;
  /// `connector Printers matches the client's address, but it is not enabled`. Nothing in it is
  /// the client's choice.
  std::string sentence;
};

/// Of a client for which nothing vouches. The connector is the recipient's organization's; for a
/// recipient whom nobody here accepts, the sender's organization's, or one whose certificate name
/// is the client's. `restriction`: what find_restriction has found for the facts, or null. The
/// client is never told.
std::optional<NearestMiss> find_nearest_miss(const AttributionFacts& facts,
                                             const directory::Snapshot& directory,
                                             const directory::InboundConnector* restriction);

}  // namespace postern::policy

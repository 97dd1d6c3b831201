// How much a connector's clients may send in a minute.
//
// A printer that somebody has taken over, or an application that runs in a circle, is one of the
// organization's own servers and may relay; what it cannot do is relay without end. The count is
// a value from outside, the decision about it is pure.
#pragma once

#include <cstdint>

#include "directory/objects.h"
#include "policy/decision.h"

namespace postern::policy {

/// Of one connector within the last minute, what is asked for now included.
struct RateUse {
  std::uint64_t messages = 0;
  std::uint64_t recipients = 0;
};

/// A minute; zero: no limit.
struct RateLimits {
  std::uint32_t messages = 0;
  std::uint32_t recipients = 0;

  bool any() const { return messages > 0 || recipients > 0; }
};

/// The connector's own, and where it has none, `otherwise`.
RateLimits rate_limits_of(const directory::InboundConnector& connector,
                          const RateLimits& otherwise);

/// Is mail of this verdict counted? Only where an address or a certificate says who the client is:
/// else any stranger could use up what belongs to another.
bool is_rate_limited(const RcptVerdict& verdict, const RateLimits& limits);

enum class RateLimit { none, messages, recipients };

/// Beyond a limit an accepted recipient is deferred: 450 4.7.1. Says which limit it was.
RateLimit apply_rate_limits(RcptVerdict& verdict, const RateUse& use, const RateLimits& limits);

}  // namespace postern::policy

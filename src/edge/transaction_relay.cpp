// What own servers may do beyond delivering here: the next hop of mail to other domains, and how
// much of it a minute.
#include <algorithm>

#include "edge/transaction.h"
#include "policy/rate_limit.h"

namespace postern::edge {

void EdgeTransaction::limit_rate(policy::RcptVerdict& verdict) {
  if (!verdict.connector) return;
  const Limits& defaults = settings_->config.limits;
  const policy::RateLimits limits = policy::rate_limits_of(
      *verdict.connector,
      {.messages = static_cast<std::uint32_t>(defaults.connector_message_rate),
       .recipients = static_cast<std::uint32_t>(defaults.connector_recipient_rate)});
  if (!policy::is_rate_limited(verdict, limits)) return;

  const directory::Guid& guid = verdict.connector->guid;
  const bool begins_message = std::ranges::find(counted_, guid) == counted_.end();
  const auto asked = std::chrono::steady_clock::now();
  const policy::RateUse use = services_.rates.take(guid, begins_message, asked);
  const policy::RateLimit exceeded = policy::apply_rate_limits(verdict, use, limits);
  if (exceeded == policy::RateLimit::none) {
    if (begins_message) counted_.push_back(guid);
    return;
  }
  services_.rates.give_back(guid, begins_message, asked);
  services_.metrics.rate_limited
      .at(exceeded == policy::RateLimit::messages ? "messages" : "recipients")
      .add();
}

Result<delivery::NextHop> EdgeTransaction::next_hop_of(const policy::RcptVerdict& verdict) const {
  if (!verdict.next_hop.empty()) {
    return verdict.relay ? delivery::parse_relay(verdict.next_hop)
                         : delivery::parse_next_hop(verdict.next_hop);
  }
  if (!verdict.relay) return settings_->default_hop;
  // The decision was made knowing that there is one.
  auto relay = services_.courier.relay();
  if (!relay) return fail("There is no relay.");
  return *std::move(relay);
}

}  // namespace postern::edge

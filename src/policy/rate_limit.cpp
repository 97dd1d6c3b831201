#include "policy/rate_limit.h"

#include <string>

namespace postern::policy {
namespace {

void defer(RcptVerdict& verdict, std::string_view what, std::uint32_t limit,
           std::string_view reason) {
  verdict.decision = Decision::defer;
  // Postfix's words for this have the same codes.
  verdict.reply = {450, "4.7.1",
                   "Too many " + std::string(what) + " within a minute, the limit is " +
                       std::to_string(limit) + "; try again later"};
  verdict.reasons.insert(verdict.reasons.begin(),
                         std::string(reason) + ": " + verdict.connector->name.str());
}

}  // namespace

RateLimits rate_limits_of(const directory::InboundConnector& connector,
                          const RateLimits& otherwise) {
  const auto choose = [](std::uint32_t own, std::uint32_t other) { return own > 0 ? own : other; };
  return {.messages = choose(connector.message_rate_limit, otherwise.messages),
          .recipients = choose(connector.recipient_rate_limit, otherwise.recipients)};
}

bool is_rate_limited(const RcptVerdict& verdict, const RateLimits& limits) {
  return verdict.decision == Decision::accept && vouches(verdict.matched_by) && limits.any();
}

RateLimit apply_rate_limits(RcptVerdict& verdict, const RateUse& use, const RateLimits& limits) {
  if (!is_rate_limited(verdict, limits)) return RateLimit::none;
  if (limits.messages > 0 && use.messages > limits.messages) {
    defer(verdict, "messages", limits.messages, "MessageRateLimit");
    return RateLimit::messages;
  }
  if (limits.recipients > 0 && use.recipients > limits.recipients) {
    defer(verdict, "recipients", limits.recipients, "RecipientRateLimit");
    return RateLimit::recipients;
  }
  return RateLimit::none;
}

}  // namespace postern::policy

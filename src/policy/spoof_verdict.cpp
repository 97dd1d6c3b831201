#include "policy/spoof_verdict.h"

#include <fmt/format.h>

#include <cstdlib>

namespace postern::policy {
namespace {

using auth::DmarcPolicy;
using directory::AntiPhishPolicy;
using directory::SpoofAction;

/// The author domain asked for something, and the message fails.
SpoofVerdict explicit_fail(DmarcPolicy applied, const AntiPhishPolicy& policy) {
  if (!policy.honor_dmarc_policy) {
    if (policy.enable_spoof_intelligence)
      return {policy.authentication_fail_action, "AuthenticationFailAction"};
    return {SpoofAction::quarantine, "HonorDmarcPolicy"};
  }
  switch (applied) {
    case DmarcPolicy::reject:
      return {policy.dmarc_reject_action, "DmarcRejectAction"};
    case DmarcPolicy::quarantine:
      return {policy.dmarc_quarantine_action, "DmarcQuarantineAction"};
    case DmarcPolicy::none:
      return {};
  }
  std::abort();  // never a DmarcPolicy
}

}  // namespace

SpoofVerdict spoof_verdict(const CompositeAuthentication& composite, DmarcPolicy applied,
                           SpoofPair pair, const AntiPhishPolicy& policy) {
  // An administrator's Allow stands against every failure, and compauth still says what failed.
  if (composite.result != CompositeResult::fail || pair == SpoofPair::allowed) return {};
  switch (composite.reason) {
    case 0:
    case 10:
      return explicit_fail(applied, policy);
    case 2:
      return {policy.spoof_block_action, "SpoofBlockAction"};
    case 601:
      if (!policy.enable_spoof_intelligence) return {};
      return {policy.authentication_fail_action, "AuthenticationFailAction"};
    default:
      // 001: of a stranger nothing is proven, which is true of much honest mail.
      return {};
  }
}

mail::Reply dmarc_rejection(std::string_view author_domain) {
  return {550, "5.7.509",
          fmt::format("Access denied, sending domain {} does not pass DMARC verification and has a "
                      "DMARC policy of reject",
                      author_domain)};
}

std::string to_text(const SpoofVerdict& verdict, const CompositeAuthentication& composite,
                    const AntiPhishPolicy& policy) {
  return fmt::format("{}: {}, policy {}, compauth={} reason={}", verdict.setting,
                     to_string(verdict.action), policy.name, to_string(composite.result),
                     reason_text(composite.reason));
}

}  // namespace postern::policy

// What becomes of a message whose author may be forged: the matrix of the anti-phishing policy.
//
//   compauth          HonorDmarcPolicy on               off
//   000, 010          p=quarantine DmarcQuarantineAction  AuthenticationFailAction with spoof
//                     p=reject     DmarcRejectAction      intelligence, else Quarantine
//   601               AuthenticationFailAction with spoof intelligence, else delivered
//   002               SpoofBlockAction
//   all others        delivered
//
// A policy belongs to a recipient, so one message may end differently for each. Pure, like the
// authentication it starts from. docs/anti-phishing.md says the same to administrators.
#pragma once

#include <string>
#include <string_view>

#include "auth/dmarc_record.h"
#include "directory/spoof_protection.h"
#include "mail/reply.h"
#include "policy/composite.h"

namespace postern::policy {

struct SpoofVerdict {
  directory::SpoofAction action = directory::SpoofAction::deliver;
  /// The setting that decided: `DmarcRejectAction`; empty: none had to.
  std::string_view setting;
};

/// `applied` is what the author domain asks for (DmarcEvaluation::applied_policy).
SpoofVerdict spoof_verdict(const CompositeAuthentication& composite, auth::DmarcPolicy applied,
                           SpoofPair pair, const directory::AntiPhishPolicy& policy);

/// 550 5.7.509, word for word as Exchange Online says it, without the tail.
mail::Reply dmarc_rejection(std::string_view author_domain);

/// For the trace: `DmarcRejectAction: Reject, policy Default, compauth=fail reason=010`.
std::string to_text(const SpoofVerdict& verdict, const CompositeAuthentication& composite,
                    const directory::AntiPhishPolicy& policy);

}  // namespace postern::policy

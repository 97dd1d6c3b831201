// Judges a message again on what it was judged on (judged.h): the same functions, in the same order
// as a transaction calls them, on a small directory made of the settings that were kept. With the
// settings as they were the verdict is the same; with others it is what they would have made of it.
//
// The edge asks the same of a live message, so what both need to know of several recipients at once
// is here, too.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/composite.h"
#include "policy/judged.h"
#include "policy/own_claims.h"
#include "policy/spoof_verdict.h"
#include "policy/temp_error.h"

namespace postern::policy {

/// Who handed in a message to these recipients. A gateway vouches for itself only, not for the
/// client behind it (`filtered`), and a connector only if all recipients have one.
Bringer find_bringer(std::span<const RcptVerdict* const> recipients, bool filtered);

/// One recipient as the trace has it.
struct JudgedRecipient {
  IpAddress client;
  std::string hello;
  bool tls = false;
  Time time{};  ///< when RCPT was decided
  mail::Mailbox reverse_path;
  mail::Mailbox forward_path;
  JudgedFacts facts;
  JudgedSettings settings;
};

struct RecipientAgain {
  /// `organization` and `connector` hold the small directory.
  RcptVerdict rcpt;
  /// The message got as far as its policy.
  bool is_judged = false;
  SpoofVerdict spoof;
  /// What the claim to be the organization's comes to for this one.
  ClaimEffect::Recipient claim;
};

struct JudgedAgain {
  std::vector<RecipientAgain> recipients;  ///< in the order given
  /// What was found of the claim to be the organization's; no reason: there was none.
  ClaimVerdict claim;
  /// Its reply is that to the message; of what follows only `composite` was asked.
  bool claim_decides = false;
  /// The message waits for the DNS: what follows was not asked.
  std::optional<Deferral> deferral;
  /// Nothing: no recipient was accepted, or nothing is known of the content.
  std::optional<CompositeAuthentication> composite;
  std::string signals;  ///< as the trace has them
  /// All policies reject it: it is refused. Where only some do, these keep it in quarantine.
  bool is_refused = false;
  mail::Reply refusal;
};

/// All recipients of one transaction.
JudgedAgain judge_again(std::span<const JudgedRecipient> recipients,
                        const JudgedEvidence& evidence);

/// What the reply to the content is when all policies reject the message, without the tail.
mail::Reply spoof_refusal(const SpoofVerdict& verdict, std::string_view author_domain);

}  // namespace postern::policy

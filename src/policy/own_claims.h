// Two extensions of RejectDirectSend, which are decided after the content, since the proof is
// there.
//
//   RejectDirectSendCheckHeaderFrom     an own domain in the From field is a claim as well, where
//                                       MAIL FROM is foreign or null
//   RejectDirectSendAllowAuthenticated  an own domain in MAIL FROM may be proven: accepted at RCPT
//                                       until then
//
// A claim is proven by what only the organization's mail can have: SPF or a DKIM signature that
// passes for one of its domains, or for a name that is aligned with the claimed one; or the word of
// an ARC sealer whom it trusts that one of these passed before the message was changed. So own mail
// that comes back through lists and forwarders is known by its signature or its seal. A claim that
// nobody proves is refused; one that the DNS might yet prove is deferred.
//
// This is for mail for which no connector vouches. And as of Direct Send at RCPT, only where the
// switch is on for the claimed domain, and as far as it is in force (stage.h), which may differ by
// recipient: apply_claim says what the verdict means for each. Pure. docs/direct-send.md says the
// same to administrators.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.h"
#include "auth/dmarc.h"
#include "auth/public_suffix_list.h"
#include "auth/spf.h"
#include "directory/objects.h"
#include "mail/reply.h"
#include "policy/arc_trust.h"
#include "policy/decision.h"
#include "policy/own_domains.h"

namespace postern::policy {

/// What is pointed to outlives the call; null: not there, but for `dmarc`, which must be.
struct ClaimFacts {
  std::string_view reverse_path_domain;  ///< an A-label; empty: null
  std::span<const std::string> author_domains;
  /// Of the MAIL FROM identity, or of HELO where there is none.
  const auth::SpfEvaluation* spf = nullptr;
  std::span<const auth::DkimResult> dkim;
  const auth::DmarcEvaluation* dmarc = nullptr;
  const ArcTestimony* testimony = nullptr;
  const auth::PublicSuffixList* suffixes = nullptr;
  /// The claim of MAIL FROM was let through at RCPT to be proven now.
  bool to_be_proven = false;
};

struct ClaimVerdict {
  /// 550 5.7.68 or 451 4.7.68, without the tail. 250: nothing stands against the message.
  mail::Reply reply{250, "2.0.0", "Ok"};
  /// For the trace; empty: there was no claim that would have had to be proven.
  /// `RejectDirectSendCheckHeaderFrom: contoso.com`, `FromFieldProven: DKIM of contoso.com …`.
  std::string reason;
};

ClaimVerdict judge_claims(const ClaimFacts& facts, const directory::OrganizationConfig& config,
                          const OwnDomains& own);

/// What a verdict comes to. A connector that vouches, an exception and a stage that only audits
/// each keep a recipient from being refused.
struct ClaimEffect {
  /// The verdict's reply is that to the message.
  bool decides = false;
  struct Recipient {
    /// He is refused the message while others get it, so it is kept in quarantine.
    bool is_kept = false;
    /// For the trace, before what it has; empty: nothing. `FromFieldProven: …`,
    /// `WouldRejectDirectSendCheckHeaderFrom: contoso.com, Audit`.
    std::string reason;
  };
  std::vector<Recipient> recipients;  ///< as many as given, or, if the verdict decides, none
};
ClaimEffect apply_claim(const ClaimVerdict& verdict,
                        std::span<const RcptVerdict* const> recipients);

/// By what own mail is known that comes back, for composite authentication: a signature that
/// passes, and covers the whole body; what a trusted sealer saw pass.
struct OwnMarks {
  bool signature = false;
  bool seal = false;
};
OwnMarks find_own_marks(std::span<const auth::DkimResult> dkim, const ArcTestimony* testimony,
                        const OwnDomains& own);

}  // namespace postern::policy

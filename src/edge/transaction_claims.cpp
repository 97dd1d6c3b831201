// What a transaction makes of a message whose author claims to be the organization, or looks as if:
// the extensions of RejectDirectSend, and the marks of look-alikes.
#include <algorithm>
#include <utility>

#include "edge/transaction.h"

namespace postern::edge {

void EdgeTransaction::note_impersonation() {
  // Own servers write as they like.
  const bool originating = std::ranges::all_of(accepted_, [](const Accepted& one) {
    return one.verdict.direction == policy::Direction::originating;
  });
  if (originating) return;
  const directory::SharedSnapshot directory = services_.directory.snapshot();
  impersonation_ = policy::find_impersonation(checks_.authors(), checks_.author_domains(),
                                              {*directory, organization_->id()}, *organization_);
  const std::vector<std::string> reasons = policy::to_reasons(impersonation_);
  for (Accepted& accepted : accepted_) {
    auto& all = accepted.record.reasons;
    all.insert(all.end(), reasons.begin(), reasons.end());
  }
}

std::optional<mail::Reply> EdgeTransaction::refuse_claims(
    const SpfOutcome& spf, const auth::Iprev& iprev, const MessageEvidence& message,
    const std::optional<policy::ArcTestimony>& testimony) {
  const auto is_vouched = [](const Accepted& one) {
    return policy::vouches(one.verdict.matched_by);
  };
  const auto vouched = std::ranges::count_if(accepted_, is_vouched);
  if (vouched == std::ranges::ssize(accepted_)) return std::nullopt;

  const directory::SharedSnapshot directory = services_.directory.snapshot();
  const policy::ClaimVerdict verdict = policy::judge_claims(
      {.reverse_path_domain = reverse_path_.domain,
       .author_domains = checks_.author_domains().domains,
       .spf = spf.main(),
       .dkim = message.dkim,
       .dmarc = &message.dmarc,
       .testimony = testimony ? &*testimony : nullptr,
       .suffixes = settings_->suffixes.get(),
       .to_be_proven = std::ranges::any_of(
           accepted_, [](const Accepted& one) { return one.verdict.to_be_proven; })},
      organization_->config(), {*directory, organization_->id()});
  if (verdict.reason.empty()) return std::nullopt;
  if (verdict.reply.is_success()) {
    for (Accepted& accepted : accepted_) {
      auto& reasons = accepted.record.reasons;
      if (!is_vouched(accepted)) reasons.insert(reasons.begin(), verdict.reason);
    }
    return std::nullopt;
  }
  // One reply cannot say both; whoever comes again is heard by all.
  if (vouched > 0 && verdict.reply.is_permanent()) {
    kept_claim_ = verdict.reason + ", kept because other recipients get it";
    return std::nullopt;
  }

  // So that the rows have what was found out.
  composite_ = authenticate(spf, iprev, message, testimony);
  const mail::Reply reply = refusal(verdict.reply.code, verdict.reply.enhanced, verdict.reply.text);
  note_refusal(reply, verdict.reason);
  const auto decision = reply.is_permanent() ? policy::Decision::reject : policy::Decision::defer;
  for (const Accepted& accepted : accepted_)
    services_.metrics.count_decision(decision, reply.enhanced, accepted.verdict.direct_send);
  return reply;
}

void EdgeTransaction::keep_refused_copies() {
  if (kept_claim_.empty()) return;
  treatments_.recipients.resize(accepted_.size(), delivery::Treatment::deliver);
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    if (policy::vouches(accepted_[i].verdict.matched_by)) continue;
    treatments_.recipients[i] = delivery::Treatment::quarantine;
    auto& reasons = accepted_[i].record.reasons;
    reasons.insert(reasons.begin(), kept_claim_);
  }
  if (treatments_.reason.empty()) treatments_.reason = kept_claim_;
}

}  // namespace postern::edge

// What a transaction makes of a message whose author claims to be the organization, or looks as if:
// the extensions of RejectDirectSend, its stages, and the marks of look-alikes.
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
  impersonation_ = policy::find_impersonation(checks_.authors(), checks_.author_domains(),
                                              {*directory_, organization_->id()}, *organization_);
  const std::vector<std::string> reasons = policy::to_reasons(impersonation_);
  for (Accepted& accepted : accepted_) {
    auto& all = accepted.record.reasons;
    all.insert(all.end(), reasons.begin(), reasons.end());
  }
}

std::optional<mail::Reply> EdgeTransaction::refuse_claims(
    const SpfOutcome& spf, const auth::Iprev& iprev, const MessageEvidence& message,
    const std::optional<policy::ArcTestimony>& testimony) {
  std::vector<const policy::RcptVerdict*> verdicts;
  for (const Accepted& one : accepted_) verdicts.push_back(&one.verdict);
  const auto is_vouched = [](const policy::RcptVerdict* one) {
    return policy::vouches(one->matched_by);
  };
  if (std::ranges::all_of(verdicts, is_vouched)) return std::nullopt;

  const policy::ClaimVerdict verdict = policy::judge_claims(
      {.reverse_path_domain = reverse_path_.domain,
       .author_domains = checks_.author_domains().domains,
       .spf = spf.main_evaluation(),
       .dkim = message.dkim,
       .dmarc = &message.dmarc,
       .testimony = testimony ? &*testimony : nullptr,
       .suffixes = settings_->suffixes.get(),
       .to_be_proven = std::ranges::any_of(
           verdicts, [](const policy::RcptVerdict* one) { return one->to_be_proven; })},
      organization_->config(), {*directory_, organization_->id()});
  if (verdict.reason.empty()) return std::nullopt;
  claim_ = policy::apply_claim(verdict, verdicts);
  if (!claim_.decides) {
    for (std::size_t i = 0; i < accepted_.size(); ++i) {
      const policy::ClaimEffect::Recipient& one = claim_.recipients[i];
      auto& reasons = accepted_[i].record.reasons;
      // What is kept is told when it is.
      if (!one.reason.empty() && !one.is_kept) reasons.insert(reasons.begin(), one.reason);
      const policy::Stage& stage = accepted_[i].verdict.stage;
      const bool is_let_in = !verdict.reply.is_success() && !one.is_kept && !stage.is_enforced();
      if (is_let_in) services_.metrics.let_in.at(to_string(stage.by)).add();
    }
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
  const auto is_kept = [](const policy::ClaimEffect::Recipient& one) { return one.is_kept; };
  const auto first = std::ranges::find_if(claim_.recipients, is_kept);
  if (first == claim_.recipients.end()) return;
  treatments_.recipients.resize(accepted_.size(), delivery::Treatment::deliver);
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    if (!claim_.recipients[i].is_kept) continue;
    treatments_.recipients[i] = delivery::Treatment::quarantine;
    auto& reasons = accepted_[i].record.reasons;
    reasons.insert(reasons.begin(), claim_.recipients[i].reason);
  }
  if (treatments_.reason.empty()) treatments_.reason = first->reason;
}

void EdgeTransaction::note_direct_send(const policy::RcptVerdict& verdict, Time decided) {
  if (verdict.decision == policy::Decision::accept) {
    // What may yet be proven is counted when it is not.
    if (!verdict.stage.is_enforced() && !verdict.to_be_proven)
      services_.metrics.let_in.at(to_string(verdict.stage.by)).add();
    return;
  }
  const directory::Organization& organization = *verdict.organization;
  const bool is_refused = verdict.reasons.front() == "RejectDirectSend";
  if (!is_refused || organization.config().reject_direct_send_return_to_audit_above == 0 ||
      refusal_counted_ == organization.id())
    return;
  refusal_counted_ = organization.id();
  const bool is_known = has_authenticated(organization.id(), decided);
  // Whether SPF passes is often known only later; nobody waits for it.
  judged_.spf->then([&returns = services_.returns, organization = verdict.organization, is_known,
                     decided](const SpfOutcome& spf) {
    const bool passes = spf.mail_from && spf.mail_from->evaluation.result == auth::SpfResult::pass;
    if (passes || is_known) returns.note(*organization, decided);
  });
}

/// Mail of this domain from this network was delivered before, and its author was proven each time,
/// on more than one day, so that one signed message which somebody replays is not enough.
bool EdgeTransaction::has_authenticated(directory::OrganizationId organization,
                                        Time decided) const {
  constexpr std::uint32_t enough_days = 2;
  const policy::TrafficKeys keys = policy::traffic_keys(
      services_.spoofs.hash(), organization,
      {.address = {}, .domain = reverse_path_.domain, .organization = reverse_path_.domain},
      policy::sending_source(session_.client, {}, {}, nullptr));
  const auto history = services_.spoofs.history(keys, decided).subnet;
  return history && history->days >= enough_days && history->disputed == 0;
}

}  // namespace postern::edge

// What a transaction makes of a message whose author may be forged: composite authentication once,
// then each recipient's anti-phishing policy. The message is refused only if that is every
// recipient's verdict; otherwise those whose policy rejects it have their copy in quarantine, since
// one reply cannot say both.
#include <algorithm>

#include "base/ascii.h"
#include "edge/transaction.h"
#include "policy/judge_again.h"
#include "policy/spoof_verdict.h"

namespace postern::edge {
namespace {

using delivery::Treatment;
using directory::SpoofAction;

Treatment to_treatment(SpoofAction action) {
  switch (action) {
    case SpoofAction::deliver:
      return Treatment::deliver;
    case SpoofAction::junk:
      return Treatment::junk;
    case SpoofAction::quarantine:
    case SpoofAction::reject:
      return Treatment::quarantine;
  }
  std::abort();  // never a SpoofAction
}

}  // namespace

policy::CompositeAuthentication EdgeTransaction::authenticate(
    const SpfOutcome& spf, const auth::Iprev& iprev, const MessageEvidence& message,
    const std::optional<policy::ArcTestimony>& testimony) {
  const std::vector<std::string>& authors = checks_.author_domains().domains;
  const policy::OwnDomains own{*directory_, organization_->id()};
  const bool own_author =
      std::ranges::any_of(authors, [&](const std::string& domain) { return own.has(domain); });
  const bool is_filtered = filtering_ && filtering_->client() != nullptr;
  std::vector<const policy::RcptVerdict*> verdicts;
  for (const Accepted& accepted : accepted_) verdicts.push_back(&accepted.verdict);
  const policy::CompositeFacts facts{
      .dmarc = &message.dmarc,
      .spf = spf.main_evaluation(),
      .dkim = message.dkim,
      .reverse_path_domain = reverse_path_.domain,
      .author_domains = authors.size(),
      .own_author = own_author,
      .own_marks =
          own_author ? policy::find_own_marks(message.dkim, testimony ? &*testimony : nullptr, own)
                     : policy::OwnMarks{},
      .bringer = policy::find_bringer(verdicts, is_filtered),
      .hidden_client = organization_->config().gateway_in_front && !is_filtered,
      .testimony = testimony ? &*testimony : nullptr,
      .client = judged_.facts.address,
      .iprev = &iprev,
      .hosts = message.hosts ? &*message.hosts : nullptr,
      .suffixes = settings_->suffixes.get()};
  const directory::CompositeAuthConfig& config = organization_->spoof_protection()->composite;
  policy::CompositeAuthentication found = policy::authenticate(facts, signals_, config);
  const std::string signals = policy::to_text(found.implicit, config);
  for (Accepted& accepted : accepted_) {
    accepted.record.compauth = policy::to_text(found);
    accepted.record.signals = signals;
    if (!listed_.empty() && found.result == policy::CompositeResult::fail)
      accepted.record.reasons.push_back(listed_);
  }
  return found;
}

std::optional<mail::Reply> EdgeTransaction::act_on_spoof(const MessageEvidence& message) {
  if (composite_.result != policy::CompositeResult::fail) return std::nullopt;
  struct Verdict {
    policy::SpoofVerdict spoof;
    const directory::AntiPhishPolicy* policy;
  };
  std::vector<Verdict> verdicts;
  for (const Accepted& accepted : accepted_) {
    const std::string alias = to_lower(accepted.address);
    const directory::AntiPhishPolicy& policy = organization_->spoof_protection()->policy_for(
        {.address = accepted.verdict.recipient,
         .alias = alias,
         .domain = std::string_view(alias).substr(alias.rfind('@') + 1)});
    verdicts.push_back(
        {policy::spoof_verdict(composite_, message.dmarc.applied_policy, signals_.pair, policy),
         &policy});
  }

  const auto is_rejected = [](const Verdict& one) {
    return one.spoof.action == SpoofAction::reject;
  };
  if (std::ranges::all_of(verdicts, is_rejected)) {
    const Verdict& first = verdicts.front();
    const mail::Reply plain = policy::spoof_refusal(first.spoof, message.dmarc.author_domain);
    const mail::Reply reply = refusal(plain.code, plain.enhanced, plain.text);
    note_refusal(reply, policy::to_text(first.spoof, composite_, *first.policy));
    for (std::size_t i = 0; i < accepted_.size(); ++i)
      services_.metrics.count_decision(policy::Decision::reject, reply.enhanced, false);
    return reply;
  }

  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    treatments_.recipients.push_back(to_treatment(verdict.spoof.action));
    if (verdict.spoof.action == SpoofAction::deliver) continue;
    std::string text = policy::to_text(verdict.spoof, composite_, *verdict.policy);
    if (is_rejected(verdict)) text += ", kept because other recipients get it";
    auto& reasons = accepted_[i].record.reasons;
    if (treatments_.recipients.back() == Treatment::quarantine && treatments_.reason.empty())
      treatments_.reason = text;
    reasons.insert(reasons.begin(), std::move(text));
  }
  return std::nullopt;
}

}  // namespace postern::edge

#include "policy/own_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "directory/organizational_domain.h"
#include "mail/domain_name.h"
#include "policy/composite.h"

namespace postern::policy {
namespace {

using auth::DkimResult;
using auth::DkimStatus;
using auth::DmarcResult;
using auth::IdentifierStatus;

enum class ClaimedIn { mail_from, from_field };

struct Claim {
  ClaimedIn where;
  std::string_view domain;
};

std::string_view to_words(ClaimedIn where) {
  switch (where) {
    case ClaimedIn::mail_from:
      return "MAIL FROM";
    case ClaimedIn::from_field:
      return "the From field";
  }
  std::abort();  // never a ClaimedIn
}

/// Something that passed, or that might have if the DNS had answered.
struct Evidence {
  std::string domain;
  std::string words;  ///< `DKIM of contoso.com (selector s1)`
  bool passes = false;
  bool is_sealed = false;
};

std::string words_of(const DkimResult& signature) {
  return fmt::format("DKIM of {} (selector {})", signature.domain, signature.selector);
}

/// Anybody may have written what stands behind l=.
bool covers_body(const DkimResult& signature) {
  return signature.unsigned_body == 0;
}

template <class Use>
void for_each_sealed_domain(const ArcTestimony* testimony, Use&& use) {
  if (testimony == nullptr) return;
  for (const std::string& domain : testimony->passed("dmarc", "header", "from"))
    use("DMARC", domain);
  for (const std::string& domain : testimony->passed("dkim", "header", "d")) use("DKIM", domain);
  for (const std::string& domain : testimony->passed("spf", "smtp", "mailfrom")) use("SPF", domain);
}

std::vector<Evidence> gather(const ClaimFacts& facts) {
  std::vector<Evidence> found;
  for (const DkimResult& one : facts.dkim) {
    const bool passes = one.status == DkimStatus::pass && covers_body(one);
    if (one.domain.empty() || (!passes && one.status != DkimStatus::temperror)) continue;
    found.push_back({.domain = one.domain, .words = words_of(one), .passes = passes});
  }
  if (facts.spf != nullptr) {
    const auto identifier = auth::to_dmarc_identifier(*facts.spf);
    if (identifier && identifier->status != IdentifierStatus::fail) {
      found.push_back({.domain = identifier->domain,
                       .words = "SPF of " + identifier->domain,
                       .passes = identifier->status == IdentifierStatus::pass});
    }
  }
  for_each_sealed_domain(facts.testimony, [&](std::string_view method, const std::string& domain) {
    found.push_back(
        {.domain = domain,
         .words = fmt::format("{} of {}, sealed by {}", method, domain, facts.testimony->sealer),
         .passes = true,
         .is_sealed = true});
  });
  return found;
}

/// Does `domain` speak for mail that claims `claimed`, an own domain?
bool speaks_for(const std::string& domain, std::string_view claimed, bool is_sealed,
                const ClaimFacts& facts, const OwnDomains& own) {
  if (own.has(domain)) return true;
  const auth::DmarcEvaluation& dmarc = *facts.dmarc;
  // DMARC is about one author; of others only what is below them is sure to be theirs.
  if (dmarc.author_domain != claimed) return mail::is_below(domain, claimed, mail::Self::included);
  // The record says how near is near enough, of what this server itself has found.
  if (!dmarc.record_domain.empty() && !is_sealed) {
    return std::ranges::any_of(dmarc.identifiers, [&](const auth::DmarcAlignment& one) {
      return one.is_aligned && one.identifier.domain == domain;
    });
  }
  return mail::is_below(domain, author_organization(dmarc, facts.suffixes), mail::Self::included);
}

/// DMARC itself lacks an answer that could make `domain` an aligned one.
bool may_yet_speak(const std::string& domain, std::string_view claimed, const ClaimFacts& facts) {
  return facts.dmarc->result == DmarcResult::temperror && facts.dmarc->author_domain == claimed &&
         directory::organizational_domain(domain) == directory::organizational_domain(claimed);
}

struct Proof {
  enum class State { missing, waiting, found };
  State state = State::missing;
  std::string words;  ///< of the evidence; empty: missing
};

Proof find_proof(const Claim& claim, std::span<const Evidence> evidence, const ClaimFacts& facts,
                 const OwnDomains& own) {
  Proof proof;
  for (const Evidence& one : evidence) {
    const bool speaks = speaks_for(one.domain, claim.domain, one.is_sealed, facts, own);
    if (speaks && one.passes) return {Proof::State::found, one.words};
    if (proof.state == Proof::State::waiting) continue;
    if (speaks || may_yet_speak(one.domain, claim.domain, facts)) {
      proof = {Proof::State::waiting,
               one.passes ? fmt::format("DMARC of {}", claim.domain) : one.words};
    }
  }
  return proof;
}

std::vector<Claim> find_claims(const ClaimFacts& facts, const directory::OrganizationConfig& config,
                               const OwnDomains& own) {
  if (facts.to_be_proven) return {{ClaimedIn::mail_from, facts.reverse_path_domain}};
  std::vector<Claim> claims;
  if (!config.reject_direct_send_check_header_from || own.has(facts.reverse_path_domain))
    return claims;
  for (const std::string& domain : facts.author_domains) {
    const directory::AcceptedDomain* const claimed = own.find(domain);
    if (claimed != nullptr && rejects_direct_send(*claimed, config))
      claims.push_back({ClaimedIn::from_field, domain});
  }
  return claims;
}

std::string_view setting_of(ClaimedIn where) {
  switch (where) {
    case ClaimedIn::mail_from:
      return "RejectDirectSend";
    case ClaimedIn::from_field:
      return "RejectDirectSendCheckHeaderFrom";
  }
  std::abort();  // never a ClaimedIn
}

ClaimVerdict refuse(const Claim& claim) {
  return {.reply = {550, "5.7.68",
                    fmt::format("TenantInboundAttribution; Direct Send not allowed for this "
                                "organization from unauthorized sources: {} has its domain {}, and "
                                "neither SPF nor DKIM proves it",
                                to_words(claim.where), claim.domain)},
          // That of a refusal at RCPT, so that both are found as one; the row has MAIL FROM.
          .reason = claim.where == ClaimedIn::mail_from
                        ? std::string(setting_of(claim.where))
                        : fmt::format("{}: {}", setting_of(claim.where), claim.domain)};
}

ClaimVerdict defer(const Claim& claim, const Proof& proof) {
  return {.reply = {451, "4.7.68",
                    fmt::format("TenantInboundAttribution; {} has a domain of this organization, "
                                "and {} cannot be checked because the DNS does not answer, please "
                                "try again later",
                                to_words(claim.where), proof.words)},
          .reason = fmt::format("{}: {}, waits for {}", setting_of(claim.where), claim.domain,
                                proof.words)};
}

}  // namespace

ClaimVerdict judge_claims(const ClaimFacts& facts, const directory::OrganizationConfig& config,
                          const OwnDomains& own) {
  const std::vector<Claim> claims = find_claims(facts, config, own);
  if (claims.empty()) return {};
  const std::vector<Evidence> evidence = gather(facts);
  ClaimVerdict verdict;
  for (const Claim& claim : claims) {
    const Proof proof = find_proof(claim, evidence, facts, own);
    switch (proof.state) {
      case Proof::State::missing:
        // No answer to another claim could save the message.
        return refuse(claim);
      case Proof::State::waiting:
        if (verdict.reply.is_success()) verdict = defer(claim, proof);
        break;
      case Proof::State::found:
        if (verdict.reason.empty()) {
          verdict.reason = fmt::format(
              "{}: {}",
              claim.where == ClaimedIn::mail_from ? "DirectSendProven" : "FromFieldProven",
              proof.words);
        }
        break;
    }
  }
  return verdict;
}

ClaimEffect apply_claim(const ClaimVerdict& verdict,
                        std::span<const RcptVerdict* const> recipients) {
  const auto is_vouched = [](const RcptVerdict* one) { return vouches(one->matched_by); };
  const auto is_hit = [&](const RcptVerdict* one) {
    return !is_vouched(one) && one->stage.is_enforced();
  };
  ClaimEffect effect;
  if (verdict.reason.empty()) return effect;
  const bool passes = verdict.reply.is_success();
  const bool hits_all = std::ranges::all_of(recipients, is_hit);
  const bool hits_some = hits_all || std::ranges::any_of(recipients, is_hit);
  // One reply cannot say both; whoever comes again is heard by all.
  effect.decides = !passes && (verdict.reply.is_permanent() ? hits_all : hits_some);
  if (effect.decides) return effect;
  for (const RcptVerdict* const one : recipients) {
    ClaimEffect::Recipient& its = effect.recipients.emplace_back();
    if (is_vouched(one)) continue;
    if (passes) {
      its.reason = verdict.reason;
    } else if (is_hit(one)) {
      its.is_kept = true;
      its.reason = verdict.reason + ", kept because other recipients get it";
    } else {
      its.reason = to_reason(one->stage, verdict.reason);
    }
  }
  return effect;
}

OwnMarks find_own_marks(std::span<const DkimResult> dkim, const ArcTestimony* testimony,
                        const OwnDomains& own) {
  OwnMarks marks;
  marks.signature = std::ranges::any_of(dkim, [&](const DkimResult& one) {
    return one.status == DkimStatus::pass && covers_body(one) && own.has(one.domain);
  });
  for_each_sealed_domain(testimony, [&](std::string_view, const std::string& domain) {
    marks.seal = marks.seal || own.has(domain);
  });
  return marks;
}

}  // namespace postern::policy

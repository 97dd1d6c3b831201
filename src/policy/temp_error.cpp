#include "policy/temp_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "mail/domain_name.h"

namespace postern::policy {
namespace {

/// `what`: `SPF of bank.test`.
Deferral deferral(const std::string& what) {
  return {.reply = {451, "4.4.3",
                    what + " cannot be checked because the DNS does not answer, please try again "
                           "later"},
          .reason = "DeferOnTempError: " + what};
}

std::string spf_of(const std::string& domain) {
  return "SPF of " + domain;
}

std::string signature_of(const auth::DkimResult& signature) {
  return fmt::format("DKIM of {} (selector {})", signature.domain, signature.selector);
}

/// DMARC lacks an answer of its own, or one that SPF or DKIM lacks.
std::string missing_for_dmarc(const TempErrorFacts& facts) {
  for (const auth::DmarcAlignment& one : facts.dmarc->identifiers) {
    if (!one.is_aligned || one.identifier.status != auth::IdentifierStatus::temperror) continue;
    if (one.identifier.method == auth::DmarcMethod::spf) return spf_of(one.identifier.domain);
    const auto signature = std::ranges::find_if(facts.dkim, [&](const auth::DkimResult& result) {
      return result.status == auth::DkimStatus::temperror && result.domain == one.identifier.domain;
    });
    if (signature != facts.dkim.end()) return signature_of(*signature);
  }
  return "DMARC of " + facts.dmarc->author_domain;
}

/// What SPF and DKIM lack where no DMARC policy says how they count.
std::optional<Deferral> without_policy(const TempErrorFacts& facts) {
  const std::string& author = facts.dmarc->author_domain;
  const auto is_related = [&author](const std::string& domain) {
    return !author.empty() && !domain.empty() &&
           (mail::is_below(domain, author, mail::Self::included) ||
            mail::is_below(author, domain, mail::Self::included));
  };
  const auto is_authors = [&](const auth::DkimResult& result, auth::DkimStatus status) {
    return result.status == status && is_related(result.domain);
  };
  if (facts.spf != nullptr && facts.spf->result == auth::SpfResult::pass &&
      is_related(facts.spf->domain)) {
    return std::nullopt;
  }
  for (const auth::DkimResult& result : facts.dkim) {
    if (is_authors(result, auth::DkimStatus::pass)) return std::nullopt;
  }
  if (facts.spf != nullptr && facts.spf->result == auth::SpfResult::temperror) {
    return deferral(spf_of(facts.spf->domain));
  }
  for (const auth::DkimResult& result : facts.dkim) {
    if (is_authors(result, auth::DkimStatus::temperror)) return deferral(signature_of(result));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Deferral> defer_on_temp_error(const TempErrorFacts& facts,
                                            const directory::OrganizationConfig& config) {
  if (!config.defer_on_temp_error || facts.vouched) return std::nullopt;
  switch (facts.dmarc->result) {
    case auth::DmarcResult::pass:
    case auth::DmarcResult::fail:
      return std::nullopt;
    case auth::DmarcResult::temperror:
      return deferral(missing_for_dmarc(facts));
    case auth::DmarcResult::none:
    case auth::DmarcResult::permerror:
      return without_policy(facts);
  }
  std::abort();  // never a DmarcResult
}

}  // namespace postern::policy

// DMARC (RFC 9989): does the domain that a reader sees as author stand behind this message, and
// if not, what does it want done?
//
// `evaluate_dmarc` is a pure function of the author domains, of what SPF and DKIM found, and of
// the DNS answers so far. It returns a result or the questions it still needs, nearly always all
// of them at the first call; calling it again with more answers starts over.
//
// What is evidence here, is judged in policy/: a result of fail with p=reject is no refusal yet.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.h"
#include "auth/dmarc_record.h"
#include "auth/dmarc_walk.h"
#include "auth/public_suffix_list.h"
#include "auth/spf.h"
#include "dns/answer.h"
#include "mail/authentication_results.h"
#include "mail/author_domains.h"

namespace postern::auth {

/// RFC 9989 section 9 registers them for Authentication-Results. permerror: no author domain can be
/// told, so that nothing was evaluated.
enum class DmarcResult { none, pass, fail, temperror, permerror };
std::string_view to_string(DmarcResult result);

enum class DmarcMethod { spf, dkim };
std::string_view to_string(DmarcMethod method);

/// What SPF or DKIM found about one domain. Only `pass` makes it an Authenticated Identifier
/// (section 4.3); with `temperror` it might have become one.
enum class IdentifierStatus { pass, fail, temperror };

struct DmarcIdentifier {
  DmarcMethod method = DmarcMethod::spf;
  /// MAIL FROM domain or d=, in the form of mail::to_a_label.
  std::string domain;
  IdentifierStatus status = IdentifierStatus::fail;
};

/// Nothing for the HELO identity, on which DMARC does not rely (section 4.4.2), and where no
/// domain was checked. With a null reverse-path, SPF's MAIL FROM identity is the HELO name
/// (RFC 7208 section 2.4), and so it is here.
std::optional<DmarcIdentifier> to_dmarc_identifier(const SpfEvaluation& spf);
/// Nothing for a signature whose d= could not be read.
std::optional<DmarcIdentifier> to_dmarc_identifier(const DkimResult& dkim);

/// Further identifiers are not looked at: one of SPF, and as many as DKIM verifies signatures.
inline constexpr std::size_t max_dmarc_identifiers = 11;

struct DmarcQuery {
  mail::AuthorDomains author;
  std::vector<DmarcIdentifier> identifiers;
};

/// How near an identifier is to the author domain (section 3.2.10).
enum class Alignment {
  none,
  relaxed,  ///< the same organizational domain
  strict    ///< the same domain
};
std::string_view to_string(Alignment alignment);

struct DmarcAlignment {
  DmarcIdentifier identifier;
  /// Of those that passed or might have; those that failed are only compared.
  Alignment alignment = Alignment::none;
  /// Near enough for adkim= or aspf= of the record.
  bool is_aligned = false;
};

struct DmarcEvaluation {
  DmarcResult result = DmarcResult::none;
  /// Which of several this is about: the one that is worst off.
  std::string author_domain;
  std::string organizational_domain;
  /// Where the record was found that applies, and the record as it stands there.
  std::string record_domain;
  std::string record;
  /// The policy for this author domain, and the tag it comes from: `p`, `sp` or `np`.
  DmarcPolicy policy = DmarcPolicy::none;
  std::string_view policy_tag;
  bool is_testing = false;  ///< t=y
  /// What is to happen to this message: for a fail, the policy, with t=y one step milder
  /// (section 4.7, t); else none.
  DmarcPolicy applied_policy = DmarcPolicy::none;
  /// Every identifier that was given, as far as they were looked at.
  std::vector<DmarcAlignment> identifiers;
  /// For everything but pass: what is the matter, in a few words.
  std::string problem;
  /// With a public suffix list: the organizational domain by RFC 7489, where it is another one and
  /// there is a record for which that matters.
  std::string suffix_list_domain;
  /// The tree walk of the author domain.
  std::vector<DmarcStep> steps;
};

/// Several author domains (section 11.5, docs/dmarc.md) are evaluated each, and the worst is the
/// result, so that a forged author is never hidden by a genuine one. `suffixes` may be null.
dns::Asking<DmarcEvaluation> evaluate_dmarc(const DmarcQuery& query, const dns::AnswerSet& answers,
                                            const PublicSuffixList* suffixes = nullptr);

/// `dmarc=fail (p=reject) reason="…" header.from=contoso.com`
mail::AuthenticationResult to_authentication_result(const DmarcEvaluation& dmarc);

}  // namespace postern::auth

#include "policy/composite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "mail/domain_name.h"

namespace postern::policy {

using auth::DmarcResult;
using directory::CompositeAuthConfig;

/// What the rules ask; costly answers are found out at the first question.
class CompositeEvidence {
 public:
  CompositeEvidence(const CompositeFacts& facts, const Signals& signals,
                    const CompositeAuthConfig& config)
      : facts_(facts), signals_(signals), config_(config) {}

  const CompositeFacts& facts() const { return facts_; }
  const auth::DmarcEvaluation& dmarc() const { return *facts_.dmarc; }
  const Signals& signals() const { return signals_; }

  /// The author domain asked for quarantine or reject, and the message fails.
  bool is_explicit_fail() const {
    return dmarc().result == DmarcResult::fail && dmarc().applied_policy != auth::DmarcPolicy::none;
  }
  bool has_one_author() const { return facts_.author_domains == 1; }

  const std::string& organization() const {
    if (!organization_) organization_ = author_organization(dmarc(), facts_.suffixes);
    return *organization_;
  }
  /// Has `domain` the author's organization?
  bool is_of_author(std::string_view domain) const {
    return domain == dmarc().author_domain ||
           mail::is_below(domain, organization(), mail::Self::included);
  }

  const ImplicitFinding& implicit() const {
    if (!implicit_) {
      implicit_ = has_one_author() ? find_implicit_signals({.client = facts_.client,
                                                            .iprev = facts_.iprev,
                                                            .hosts = facts_.hosts,
                                                            .author_domain = dmarc().author_domain,
                                                            .organizational_domain = organization(),
                                                            .suffixes = facts_.suffixes},
                                                           config_)
                                   : ImplicitFinding{};
    }
    return *implicit_;
  }
  bool is_implicit_pass() const {
    return implicit().heaviest != nullptr && implicit().weight >= config_.pass_threshold;
  }
  bool is_implicit_soft_pass() const {
    return implicit().heaviest != nullptr && implicit().weight >= config_.soft_pass_threshold;
  }

  bool has_history(const std::optional<TrafficHistory>& history) const {
    return config_.history_messages > 0 && has_one_author() && history && history->disputed == 0 &&
           history->messages >= config_.history_messages && history->days >= config_.history_days;
  }

  /// For the trace: found out only if a rule asked.
  const std::optional<ImplicitFinding>& implicit_if_asked() const { return implicit_; }

 private:
  const CompositeFacts& facts_;
  const Signals& signals_;
  const CompositeAuthConfig& config_;
  mutable std::optional<std::string> organization_;
  mutable std::optional<ImplicitFinding> implicit_;
};

namespace {

using Evidence = CompositeEvidence;

bool is_aligned_pass(const Evidence& it) {
  return it.dmarc().result == DmarcResult::pass && it.is_of_author(it.facts().reverse_path_domain);
}
bool is_dkim_pass(const Evidence& it) {
  return it.dmarc().result == DmarcResult::pass;
}

/// Something of the author's organization passed; DMARC itself did not come to a result by it, and
/// then does not list what it was given.
bool has_aligned_identifier(const Evidence& it) {
  if (!it.has_one_author()) return false;
  const auto counts = [&](const std::optional<auth::DmarcIdentifier>& identifier) {
    return identifier && identifier->status == auth::IdentifierStatus::pass &&
           it.is_of_author(identifier->domain);
  };
  if (it.facts().spf != nullptr && counts(auth::to_dmarc_identifier(*it.facts().spf))) return true;
  return std::ranges::any_of(it.facts().dkim, [&](const auth::DkimResult& one) {
    return counts(auth::to_dmarc_identifier(one));
  });
}
bool is_best_guess_pass(const Evidence& it) {
  return it.dmarc().result == DmarcResult::none && has_aligned_identifier(it);
}
bool is_pass_in_spite_of_errors(const Evidence& it) {
  return (it.dmarc().result == DmarcResult::temperror ||
          it.dmarc().result == DmarcResult::permerror) &&
         has_aligned_identifier(it);
}

bool is_blocked_pair(const Evidence& it) {
  return it.signals().pair == SpoofPair::blocked;
}
bool is_brought_by_connector(const Evidence& it) {
  return it.facts().bringer != Bringer::stranger && it.facts().own_author;
}
/// It left the organization signed, whoever brings it back.
bool is_signed_by_own_domain(const Evidence& it) {
  return it.facts().own_author && it.has_one_author() && it.facts().own_marks.signature;
}
bool is_from_own_servers(const Evidence& it) {
  return it.facts().bringer == Bringer::own_servers;
}
bool has_no_author(const Evidence& it) {
  return it.facts().author_domains == 0;
}
bool is_behind_gateway(const Evidence& it) {
  return it.facts().hidden_client;
}
bool is_known_contact_report(const Evidence& it) {
  return it.signals().bounced == BouncedMail::known_contact;
}
bool is_report_of_sent_mail(const Evidence& it) {
  return it.signals().bounced == BouncedMail::sent_by_us;
}

/// Does the trusted sealer say that `method` passed for the author's organization?
bool testifies(const Evidence& it, std::string_view method, std::string_view ptype,
               std::string_view property) {
  const ArcTestimony* const testimony = it.facts().testimony;
  if (testimony == nullptr || !it.has_one_author()) return false;
  return std::ranges::any_of(testimony->passed(method, ptype, property),
                             [&](const std::string& domain) { return it.is_of_author(domain); });
}
bool is_sealed_pass(const Evidence& it) {
  return testifies(it, "dmarc", "header", "from");
}
/// The author's own signature broke on the way, and the sealer saw it whole.
bool is_sealed_signature(const Evidence& it) {
  const bool broken = std::ranges::any_of(it.facts().dkim, [&](const auth::DkimResult& one) {
    return one.problem == auth::DkimProblem::body_hash && it.is_of_author(one.domain);
  });
  return broken && testifies(it, "dkim", "header", "d");
}
bool is_sealed_identifier(const Evidence& it) {
  return testifies(it, "dkim", "header", "d") || testifies(it, "spf", "smtp", "mailfrom");
}
bool is_sealed_own_mail(const Evidence& it) {
  return it.facts().own_author && it.has_one_author() && it.facts().own_marks.seal;
}

bool is_own_explicit_fail(const Evidence& it) {
  return it.is_explicit_fail() && it.facts().own_author;
}
bool is_explicit_fail(const Evidence& it) {
  return it.is_explicit_fail();
}
bool has_dkim_history(const Evidence& it) {
  return it.has_history(it.signals().history.dkim_domain);
}
bool has_reverse_name_history(const Evidence& it) {
  return it.has_history(it.signals().history.reverse_name);
}
bool has_subnet_history(const Evidence& it) {
  return it.has_history(it.signals().history.subnet);
}
bool has_author_history(const Evidence& it) {
  return it.has_history(it.signals().history.author);
}
bool is_implicit_pass(const Evidence& it) {
  return it.is_implicit_pass();
}
bool is_own_author(const Evidence& it) {
  return it.facts().own_author;
}
bool is_dns_silent(const Evidence& it) {
  return it.dmarc().result == DmarcResult::temperror;
}
bool is_implicit_soft_pass(const Evidence& it) {
  return it.is_implicit_soft_pass();
}
bool is_anything(const Evidence&) {
  return true;
}

constexpr auto pass = CompositeResult::pass;
constexpr auto fail = CompositeResult::fail;
constexpr auto none = CompositeResult::none;

constexpr auto rules = std::to_array<CompositeRule>({
    // What is proven. Nothing below can take it away.
    {"AlignedPass", pass, 100, is_aligned_pass},
    {"DkimPass", pass, 101, is_dkim_pass},
    {"BestGuessPass", pass, 109, is_best_guess_pass},
    {"PassInSpiteOfErrors", pass, 111, is_pass_in_spite_of_errors},
    // What an administrator has said.
    {"BlockedPair", fail, 2, is_blocked_pair},
    {"OwnConnector", pass, 115, is_brought_by_connector},
    {"OwnSignature", pass, 115, is_signed_by_own_domain},
    {"OwnServers", none, 400, is_from_own_servers},
    // Nobody to authenticate, or nothing to do it by.
    {"NoAuthor", none, 300, has_no_author},
    {"BehindGateway", none, 905, is_behind_gateway},
    {"ReportToKnownContact", none, 501, is_known_contact_report},
    {"ReportOfSentMail", none, 502, is_report_of_sent_mail},
    // A trusted sealer saw it before it was changed.
    {"SealedPass", pass, 130, is_sealed_pass},
    {"SealedSignature", pass, 108, is_sealed_signature},
    {"SealedIdentifier", pass, 130, is_sealed_identifier},
    {"SealedOwnMail", pass, 130, is_sealed_own_mail},
    // What the author domain asks for. That of an own domain is the administrator's own word, so no
    // history stands against it.
    {"OwnDmarcFail", fail, 10, is_own_explicit_fail},
    {"DkimHistory", pass, 701, has_dkim_history},
    {"ReverseNameHistory", pass, 702, has_reverse_name_history},
    {"SubnetHistory", pass, 703, has_subnet_history},
    {"AuthorHistory", pass, 704, has_author_history},
    {"DmarcFail", fail, 0, is_explicit_fail},
    // Where it comes from. Half a sign does not do for an own domain.
    {"ImplicitPass", pass, 0, is_implicit_pass},
    {"OwnImplicitFail", fail, 601, is_own_author},
    {"DnsSilent", pass, 112, is_dns_silent},
    {"ImplicitSoftPass", CompositeResult::softpass, 0, is_implicit_soft_pass},
    {"ImplicitFail", fail, 1, is_anything},
});

}  // namespace

std::string_view to_string(CompositeResult result) {
  switch (result) {
    case CompositeResult::none:
      return "none";
    case CompositeResult::fail:
      return "fail";
    case CompositeResult::softpass:
      return "softpass";
    case CompositeResult::pass:
      return "pass";
  }
  std::abort();  // never a CompositeResult
}

std::span<const CompositeRule> composite_rules() {
  return rules;
}

CompositeAuthentication authenticate(const CompositeFacts& facts, const Signals& signals,
                                     const CompositeAuthConfig& config) {
  const CompositeEvidence evidence(facts, signals, config);
  const CompositeRule& rule =
      *std::ranges::find_if(rules, [&](const CompositeRule& one) { return one.applies(evidence); });
  CompositeAuthentication found{.result = rule.result, .reason = rule.reason, .rule = rule.name};
  if (const auto& implicit = evidence.implicit_if_asked()) found.implicit = *implicit;
  if (rule.applies == is_implicit_pass) found.reason = found.implicit.heaviest->pass_reason;
  if (rule.applies == is_implicit_soft_pass)
    found.reason = found.implicit.heaviest->soft_pass_reason;
  return found;
}

std::string reason_text(int reason) {
  return fmt::format("{:03}", reason);
}

std::string to_text(const CompositeAuthentication& composite) {
  return fmt::format("{} {:03}", to_string(composite.result), composite.reason);
}

mail::AuthenticationResult to_authentication_result(const CompositeAuthentication& composite,
                                                    std::string_view author_domain) {
  mail::AuthenticationResult result{.method = "compauth",
                                    .result = std::string(to_string(composite.result)),
                                    .reason = reason_text(composite.reason)};
  if (!author_domain.empty())
    result.properties.push_back({"header", "from", std::string(author_domain)});
  return result;
}

std::string author_organization(const auth::DmarcEvaluation& dmarc,
                                const auth::PublicSuffixList* suffixes) {
  if (!dmarc.record_domain.empty() && !dmarc.organizational_domain.empty())
    return dmarc.organizational_domain;
  if (suffixes != nullptr) {
    if (auto registrable = suffixes->registrable_domain(dmarc.author_domain)) return *registrable;
  }
  return dmarc.author_domain;
}

}  // namespace postern::policy

#include "auth/dmarc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "mail/domain_name.h"

namespace postern::auth {
namespace {

using Found = DmarcWalk::Found;
using Questions = std::vector<dns::Question>;

void add_new(Questions& questions, Questions more) {
  for (dns::Question& question : more)
    if (std::ranges::find(questions, question) == questions.end())
      questions.push_back(std::move(question));
}

/// How many labels two names have in common, from the right.
std::size_t common_labels(std::string_view a, std::string_view b) {
  std::size_t count = 0;
  while (!a.empty() && !b.empty()) {
    const std::size_t dot_a = a.rfind('.');
    const std::size_t dot_b = b.rfind('.');
    // npos + 1 is 0: the whole name.
    if (a.substr(dot_a + 1) != b.substr(dot_b + 1)) break;
    ++count;
    a = a.substr(0, dot_a == std::string_view::npos ? 0 : dot_a);
    b = b.substr(0, dot_b == std::string_view::npos ? 0 : dot_b);
  }
  return count;
}

DmarcPolicy one_step_milder(DmarcPolicy policy) {
  return policy == DmarcPolicy::reject ? DmarcPolicy::quarantine : DmarcPolicy::none;
}

/// The evaluation for one author domain.
class AuthorEvaluation {
 public:
  AuthorEvaluation(const std::string& author, std::span<const DmarcIdentifier> identifiers,
                   const dns::AnswerSet& answers)
      : author_(author), identifiers_(identifiers), answers_(answers) {
    report_.author_domain = author;
  }

  dns::Asking<DmarcEvaluation> run(const PublicSuffixList* suffixes) {
    auto walked = walk_tree(author_, answers_);
    add_new(questions_, std::move(walked.questions));
    if (!walked.value) {
      look_ahead();
      return {.questions = std::move(questions_)};
    }
    walk_ = *std::move(walked.value);
    report_.organizational_domain = walk_.organizational_domain;
    report_.steps = walk_.steps;
    if (suffixes && !walk_.has_failed) compare(*suffixes);
    evaluate();
    if (!questions_.empty()) return {.questions = std::move(questions_)};
    return {.value = std::move(report_)};
  }

 private:
  /// What will probably be asked once the walk of the author domain is known. Two names that have
  /// only a top-level domain in common are hardly ever of one organization, and a domain of two
  /// labels rarely has a policy from above: those questions come in the next round, if at all.
  void look_ahead() {
    if (std::ranges::count(author_, '.') > 1) (void)find(existence_question());
    for (const DmarcIdentifier& identifier : identifiers_) {
      const bool counts = identifier.status != IdentifierStatus::fail;
      if (counts && identifier.domain != author_ && common_labels(identifier.domain, author_) > 1)
        add_new(questions_, walk_tree(identifier.domain, answers_).questions);
    }
  }

  const dns::Answer* find(const dns::Question& question) {
    const dns::Answer* answer = answers_.find(question);
    if (!answer) add_new(questions_, {question});
    return answer;
  }

  /// Section 3.2.13: only NXDOMAIN tells, whatever type was asked for.
  dns::Question existence_question() const { return {.name = author_, .type = dns::Type::a}; }

  void compare(const PublicSuffixList& suffixes) {
    // Without any record it makes no difference which domain nobody has asked about.
    if (walk_.records.empty()) return;
    // RFC 7489 section 3.2: of a public suffix, nothing is above it.
    const std::string other = suffixes.registrable_domain(author_).value_or(author_);
    if (other != walk_.organizational_domain) report_.suffix_list_domain = other;
  }

  void end(DmarcResult result, std::string problem) {
    report_.result = result;
    report_.problem = std::move(problem);
  }

  void end_with_dns_failure() {
    const auto failed = std::ranges::find_if(walk_.steps, [&](const DmarcStep& step) {
      const dns::Answer* answer = answers_.find(dmarc_question(step.domain));
      return answer && answer->status == dns::Status::failure;
    });
    end(DmarcResult::temperror,
        failed == walk_.steps.end()
            ? "the DNS failed"
            : fmt::format("the DNS failed at _dmarc.{}: {}", failed->domain, failed->outcome));
  }

  /// Section 4.10.1: the author domain's own record, else that of its organizational domain, else
  /// that of the public suffix above.
  const Found* select_record() const {
    if (const Found* own = walk_.find(author_)) return own;
    if (const Found* organizational = walk_.find(walk_.organizational_domain))
      return organizational;
    const auto suffix = std::ranges::find_if(
        walk_.records, [](const Found& found) { return found.record.psd == DmarcPsd::yes; });
    return suffix == walk_.records.end() ? nullptr : &*suffix;
  }

  void evaluate() {
    const Found* found = select_record();
    const bool is_own = found && found->domain == author_;
    // What failed could have held a record that comes before this one.
    if (walk_.has_failed && !is_own) return end_with_dns_failure();
    if (!found) return end(DmarcResult::none, "there is no DMARC record");
    report_.record_domain = found->domain;
    report_.record = found->text;
    if (!found->record.applies)
      return end(DmarcResult::none, "the record has no valid policy and no address for reports");

    const bool is_policy_known = select_policy(found->record, is_own);
    const DmarcResult result = check_alignment(found->record);
    if (!questions_.empty()) return;
    switch (result) {
      case DmarcResult::pass:
        return end(result, {});
      case DmarcResult::temperror:
        return walk_.has_failed
                   ? end_with_dns_failure()
                   : end(result, "the DNS failed for an identifier that may be aligned");
      case DmarcResult::fail:
        if (!is_policy_known)
          return end(DmarcResult::temperror,
                     "the DNS does not say whether the author domain exists");
        report_.applied_policy =
            found->record.is_testing ? one_step_milder(report_.policy) : report_.policy;
        return end(result, why_not());
      case DmarcResult::none:
      case DmarcResult::permerror:
        break;
    }
    std::abort();
  }

  /// p=, sp= or np= (sections 4.7 and 4.10.1). False: the DNS does not tell which.
  bool select_policy(const DmarcRecord& record, bool is_own) {
    report_.is_testing = record.is_testing;
    const auto use = [&](std::string_view tag, DmarcPolicy policy) {
      report_.policy_tag = tag;
      report_.policy = policy;
    };
    use("p", record.p);
    if (is_own) return true;
    if (record.sp) use("sp", *record.sp);
    if (!record.np || *record.np == report_.policy) return true;
    const dns::Answer* existence = find(existence_question());
    if (!existence || existence->status == dns::Status::failure) return false;
    if (existence->status == dns::Status::nxdomain) use("np", *record.np);
    return true;
  }

  /// pass, fail or temperror (section 5.3.5).
  DmarcResult check_alignment(const DmarcRecord& record) {
    bool passes = false;
    bool may_pass = false;
    for (const DmarcIdentifier& identifier : identifiers_) {
      const DmarcMode mode = identifier.method == DmarcMethod::spf ? record.aspf : record.adkim;
      DmarcAlignment& aligned = report_.identifiers.emplace_back(identifier);
      bool is_known = true;
      aligned.alignment = alignment_of(identifier, mode, is_known);
      aligned.is_aligned = aligned.alignment != Alignment::none;
      if (identifier.status == IdentifierStatus::fail) continue;
      const bool passed = identifier.status == IdentifierStatus::pass;
      passes |= passed && aligned.is_aligned;
      may_pass |= !is_known || (!passed && aligned.is_aligned);
    }
    if (passes) return DmarcResult::pass;
    return may_pass ? DmarcResult::temperror : DmarcResult::fail;
  }

  /// Section 4.10.2. Sets `is_known` to false if the DNS failed where it mattered.
  Alignment alignment_of(const DmarcIdentifier& identifier, DmarcMode mode, bool& is_known) {
    if (identifier.domain == author_) return Alignment::strict;
    if (identifier.status == IdentifierStatus::fail || mode == DmarcMode::strict)
      return Alignment::none;
    if (walk_.has_failed) {
      is_known = common_labels(identifier.domain, author_) == 0;
      return Alignment::none;
    }
    const std::string_view organization = walk_.organizational_domain;
    if (!mail::is_below(identifier.domain, organization, mail::Self::included))
      return Alignment::none;
    auto walked = walk_tree(identifier.domain, answers_);
    add_new(questions_, std::move(walked.questions));
    if (!walked.value) return Alignment::none;
    is_known = !walked.value->has_failed;
    const bool is_same = is_known && walked.value->organizational_domain == organization;
    return is_same ? Alignment::relaxed : Alignment::none;
  }

  std::string why_not() const {
    const bool none_passed =
        std::ranges::none_of(identifiers_, [](const DmarcIdentifier& identifier) {
          return identifier.status == IdentifierStatus::pass;
        });
    if (none_passed) return "neither SPF nor DKIM passed";
    return fmt::format("nothing that passed is aligned with {}", author_);
  }

  const std::string& author_;
  std::span<const DmarcIdentifier> identifiers_;
  const dns::AnswerSet& answers_;
  DmarcWalk walk_;
  Questions questions_;
  DmarcEvaluation report_;
};

/// Which of several evaluations counts.
int gravity(const DmarcEvaluation& evaluation) {
  switch (evaluation.result) {
    case DmarcResult::pass:
      return 0;
    case DmarcResult::none:
      return 1;
    case DmarcResult::fail:
      switch (evaluation.applied_policy) {
        case DmarcPolicy::none:
          return 2;
        case DmarcPolicy::quarantine:
          return 5;
        case DmarcPolicy::reject:
          return 6;
      }
      break;
    case DmarcResult::permerror:
      return 3;
    case DmarcResult::temperror:
      return 4;
  }
  std::abort();
}

}  // namespace

std::string_view to_string(DmarcResult result) {
  switch (result) {
    case DmarcResult::none:
      return "none";
    case DmarcResult::pass:
      return "pass";
    case DmarcResult::fail:
      return "fail";
    case DmarcResult::temperror:
      return "temperror";
    case DmarcResult::permerror:
      return "permerror";
  }
  std::abort();
}

dns::Asking<DmarcEvaluation> evaluate_dmarc(const DmarcQuery& query, const dns::AnswerSet& answers,
                                            const PublicSuffixList* suffixes) {
  std::span<const DmarcIdentifier> identifiers = query.identifiers;
  identifiers = identifiers.first(std::min(identifiers.size(), max_dmarc_identifiers));

  std::vector<DmarcEvaluation> evaluations;
  Questions questions;
  for (const std::string& author : query.author.domains) {
    auto asking = AuthorEvaluation(author, identifiers, answers).run(suffixes);
    add_new(questions, std::move(asking.questions));
    if (asking.value) evaluations.push_back(*std::move(asking.value));
  }
  if (!questions.empty()) return {.questions = std::move(questions)};

  // Without an author domain nothing can be evaluated, and with too many it is incomplete
  // (section 11.5).
  if (evaluations.empty() || query.author.trouble == mail::AuthorTrouble::too_many)
    evaluations.push_back({.result = DmarcResult::permerror,
                           .problem = std::string(to_sentence(query.author.trouble))});
  auto worst = std::ranges::max_element(evaluations, {}, gravity);
  return {.value = std::move(*worst)};
}

}  // namespace postern::auth

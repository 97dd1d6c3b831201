#include "ctl/check.h"

#include <algorithm>
#include <iterator>

#include "auth/body_hashes.h"
#include "auth/dkim_body.h"
#include "auth/dkim_verify.h"
#include "dns/ask.h"
#include "mail/address_list.h"

namespace postern::ctl {
namespace {

std::vector<auth::SpfQuery> spf_queries(const CheckRequest& request) {
  std::vector<auth::SpfQuery> queries;
  if (!request.client) return queries;
  auth::SpfIdentities identities =
      auth::spf_identities({.client = *request.client,
                            .helo = request.hello,
                            .receiver = "localhost",
                            .now = request.now},
                           request.reverse_path ? &*request.reverse_path : nullptr);
  for (auto& one : {&identities.mail_from, &identities.helo}) {
    if (*one) queries.push_back(**one);
  }
  return queries;
}

/// One round of the whole evaluation: all that is open is asked for at once.
class Evaluation {
 public:
  Evaluation(const CheckRequest& request, const mail::HeaderSection& section,
             const auth::PublicSuffixList* suffixes)
      : request_(request),
        section_(section),
        suffixes_(suffixes),
        author_(mail::author_domains(mail::find_authors(section))),
        queries_(spf_queries(request)),
        dkim_(request.message, section, body_),
        arc_(request.message, section, body_) {
    body_.update(std::string_view(request.message).substr(section.body_begin));
    body_.finish();
  }

  dns::Asking<CheckReport> run(const dns::AnswerSet& answers) {
    questions_.clear();
    CheckReport report{.author = author_};
    for (const auth::SpfQuery& query : queries_) {
      if (auto found = take(auth::check_host(query, answers, auth::Steps::record)))
        report.spf.push_back({query, *std::move(found)});
    }
    if (request_.client) report.iprev = take(auth::check_iprev(*request_.client, answers));
    if (auto found = take(dkim_.evaluate(answers, keys_, request_.now))) {
      for (auth::DkimResult& one : *found) report.dkim.push_back({std::move(one), {}, {}});
    }
    if (auto found = take(arc_.evaluate(answers, keys_, request_.now)))
      report.arc = *std::move(found);

    // Its questions do not depend on the others' results, so they go out in the same round.
    auth::DmarcQuery dmarc{.author = author_, .identifiers = {}};
    const auto add = [&dmarc](std::optional<auth::DmarcIdentifier> identifier) {
      if (identifier) dmarc.identifiers.push_back(*std::move(identifier));
    };
    for (const auth::SpfCheck& one : report.spf) add(auth::to_dmarc_identifier(one.evaluation));
    for (const SignatureCheck& one : report.dkim) add(auth::to_dmarc_identifier(one.result));
    if (auto found = take(auth::evaluate_dmarc(dmarc, answers, suffixes_)))
      report.dmarc = *std::move(found);

    if (!questions_.empty()) return {.value = std::nullopt, .questions = questions_};
    return {.value = std::move(report), .questions = {}};
  }

  void add_octets(CheckReport& report) const {
    const std::string_view body = std::string_view(request_.message).substr(section_.body_begin);
    for (std::size_t i = 0; i < report.dkim.size(); ++i) {
      SignatureCheck& one = report.dkim[i];
      if (one.result.problem == auth::DkimProblem::too_many_signatures) continue;
      one.header_octets = dkim_.signed_octets(i);
      const auto [signature, fault] =
          auth::parse_dkim_signature(section_.fields[one.result.field].body);
      if (fault) continue;
      one.body_octets = auth::canonicalize_body(body, signature.body_canonicalization);
      if (signature.body_length && *signature.body_length < one.body_octets.size())
        one.body_octets.resize(*signature.body_length);
    }
  }

 private:
  template <class T>
  std::optional<T> take(dns::Asking<T> asking) {
    std::ranges::move(asking.questions, std::back_inserter(questions_));
    return std::move(asking.value);
  }

  const CheckRequest& request_;
  const mail::HeaderSection& section_;
  const auth::PublicSuffixList* suffixes_;
  const mail::AuthorDomains author_;
  const std::vector<auth::SpfQuery> queries_;
  auth::BodyHashes body_;
  auth::DkimKeyCache keys_;
  auth::DkimVerifier dkim_;
  auth::ArcValidator arc_;
  std::vector<dns::Question> questions_;
};

}  // namespace

bool CheckReport::passes() const {
  if (trouble != mail::HeaderTrouble::none) return false;
  if (dmarc.result != auth::DmarcResult::none) return dmarc.result == auth::DmarcResult::pass;
  const auto spf_passes = [](const auth::SpfCheck& one) {
    return one.query.identity == auth::SpfIdentity::mail_from &&
           one.evaluation.result == auth::SpfResult::pass;
  };
  const auto dkim_passes = [](const SignatureCheck& one) {
    return one.result.status == auth::DkimStatus::pass;
  };
  return std::ranges::any_of(spf, spf_passes) || std::ranges::any_of(dkim, dkim_passes);
}

std::string with_crlf(std::string text) {
  if (text.contains("\r\n")) return text;
  std::string result;
  result.reserve(text.size() + text.size() / 32);
  for (const char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

CheckReport check_message(const CheckRequest& request, dns::Resolver& resolver,
                          const auth::PublicSuffixList* suffixes) {
  const mail::HeaderSection section = mail::parse_header_section(request.message);
  CheckReport report{.trouble = section.trouble};
  if (section.trouble != mail::HeaderTrouble::none) return report;

  Evaluation evaluation(request, section, suffixes);
  dns::AnswerSet answers;
  dns::AskBudget budget;
  report = dns::ask_until_done(resolver, answers, budget,
                               [&](const dns::AnswerSet& known) { return evaluation.run(known); });
  evaluation.add_octets(report);
  report.answers.assign(answers.begin(), answers.end());
  std::ranges::sort(report.answers, {}, &std::pair<dns::Question, dns::AnswerSet::Shared>::first);
  return report;
}

}  // namespace postern::ctl

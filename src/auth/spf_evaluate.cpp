// check_host() of RFC 7208 section 4, step by step.
//
// `Evaluation::check` is the function of the standard, called again for every include and
// redirect. Every function here returns nothing as soon as an answer is missing; then the whole
// evaluation is given up, and the missing questions are the result.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "auth/spf_context.h"
#include "mail/domain_name.h"

namespace postern::auth {
namespace {

/// What a directive comes to. The errors end the evaluation.
enum class Match { no, yes, temperror, permerror };

std::string_view to_string(Match match) {
  switch (match) {
    case Match::no:
      return "no match";
    case Match::yes:
      return "match";
    case Match::temperror:
      return "temperror";
    case Match::permerror:
      return "permerror";
  }
  std::abort();
}

class Evaluation {
 public:
  Evaluation(SpfContext& context, SpfEvaluation& report, Steps steps)
      : context_(context), report_(report), steps_(steps) {}

  // Sections 4.4 to 4.7.
  std::optional<SpfResult> check(const std::string& domain) {
    const dns::Answer* answer = context_.find(domain, dns::Type::txt);
    if (!answer) return std::nullopt;
    if (answer->status == dns::Status::failure)
      return trouble(SpfResult::temperror, "TXT of " + domain + ": " + answer->problem);
    count_void(*answer, domain);

    // Section 4.5: the one record.
    const SpfSelection selection = select_spf_record(*answer);
    if (selection.several)
      return trouble(SpfResult::permerror, domain + " has several SPF records");
    if (!selection.text) {
      step(domain, "record", "none");
      return trouble(SpfResult::none, domain + " has no SPF record");
    }

    // Section 4.6: syntax errors anywhere are found first.
    const auto parsed = context_.parse(*selection.text);
    const auto& record = parsed->record();
    step(domain, *selection.text, record ? "valid" : "permerror");
    if (!record)
      return trouble(SpfResult::permerror, "record of " + domain + ", `" +
                                               std::string(record.error().term) +
                                               "`: " + record.error().what);
    return evaluate(*record, domain);
  }

  /// The explanation of a fail (section 6.2). False: a question is missing.
  bool explain() {
    if (exp_.empty()) return true;
    const auto target = context_.target_name(exp_, exp_domain_);
    if (!target) return false;
    if (target->empty()) return true;
    const dns::Answer* answer = context_.find(*target, dns::Type::txt);
    if (!answer) return false;
    // Any trouble with it: as if there were no exp=.
    if (answer->texts.size() != 1) return true;
    auto text = context_.explain(answer->texts.front(), exp_domain_);
    if (!text) return false;
    report_.explanation = *std::move(text);
    return true;
  }

 private:
  // Sections 4.6.2 and 4.7: directives from left to right, then redirect, then neutral.
  std::optional<SpfResult> evaluate(const SpfRecord& record, const std::string& domain) {
    for (const SpfDirective& directive : record.directives) {
      if (directive.asks() && !count_lookup()) return SpfResult::permerror;
      const auto match = matches(directive, domain);
      if (!match) return std::nullopt;
      step(domain, directive.text, to_string(*match));
      switch (*match) {
        case Match::no:
          break;
        case Match::temperror:
          return SpfResult::temperror;
        case Match::permerror:
          return SpfResult::permerror;
        case Match::yes:
          // An include tells the directive behind it, which has named itself already.
          if (directive.mechanism != SpfMechanism::include) decided_by(directive.text, domain);
          exp_ = record.exp;
          exp_domain_ = domain;
          return directive.result;
      }
      if (report_.void_lookups > max_spf_void_lookups)
        return trouble(SpfResult::permerror, "more than 2 names without records were asked for");
    }
    if (record.redirect.empty()) {
      report_.mechanism = "default";
      return SpfResult::neutral;
    }
    return redirect(record, domain);
  }

  // Section 6.1
  std::optional<SpfResult> redirect(const SpfRecord& record, const std::string& domain) {
    if (!count_lookup()) return SpfResult::permerror;
    const auto target = context_.target_name(record.redirect, domain);
    if (!target) return std::nullopt;
    step(domain, "redirect=" + *target, "followed");
    if (target->empty())
      return trouble(SpfResult::permerror, "redirect= of " + domain + " is no domain name");
    const auto result = check(*target);
    return result == SpfResult::none ? SpfResult::permerror : result;
  }

  std::optional<Match> matches(const SpfDirective& directive, const std::string& domain) {
    switch (directive.mechanism) {
      case SpfMechanism::all:
        return Match::yes;
      case SpfMechanism::ip4:
      case SpfMechanism::ip6:
        return directive.has_in_network(context_.client()) ? Match::yes : Match::no;
      case SpfMechanism::ptr:
        return ptr(directive, domain);
      case SpfMechanism::include:
      case SpfMechanism::a:
      case SpfMechanism::mx:
      case SpfMechanism::exists:
        break;
    }
    const auto target = context_.target_name(directive.domain_spec, domain);
    if (!target) return std::nullopt;
    if (directive.mechanism == SpfMechanism::include) return include(*target);
    // What the DNS could not even be asked for does not exist (section 4.8).
    if (target->empty()) return Match::no;
    if (directive.mechanism == SpfMechanism::mx) return mx(directive, *target);
    if (directive.mechanism == SpfMechanism::exists) return exists(*target);
    return a(directive, *target);
  }

  // Section 5.2: the table of results.
  std::optional<Match> include(const std::string& target) {
    if (target.empty()) {
      report_.problem = "an include: is no domain name";
      return Match::permerror;
    }
    const auto result = check(target);
    if (!result) return std::nullopt;
    switch (*result) {
      case SpfResult::pass:
        return Match::yes;
      case SpfResult::fail:
      case SpfResult::softfail:
      case SpfResult::neutral:
        return Match::no;
      case SpfResult::temperror:
        return Match::temperror;
      case SpfResult::permerror:
      case SpfResult::none:
        return Match::permerror;
    }
    std::abort();
  }

  // Section 5.3
  std::optional<Match> a(const SpfDirective& directive, const std::string& target) {
    const dns::Answer* answer = context_.find(target, context_.address_type());
    if (!answer) return std::nullopt;
    count_void(*answer, target);
    return has_client(directive, *answer, target);
  }

  // Section 5.4
  std::optional<Match> mx(const SpfDirective& directive, const std::string& target) {
    const dns::Answer* answer = context_.find(target, dns::Type::mx);
    if (!answer) return std::nullopt;
    if (answer->status == dns::Status::failure) return temperror("MX", target, *answer);
    count_void(*answer, target);

    const auto hosts = mx_hosts(*answer);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      // Section 4.6.4, which limits the names that are asked for.
      if (i == max_spf_mx_names) {
        report_.problem = target + " has more than 10 MX records";
        return Match::permerror;
      }
      const dns::Answer* addresses = context_.find(hosts[i], context_.address_type());
      if (!addresses) return std::nullopt;
      const Match match = has_client(directive, *addresses, hosts[i]);
      if (match != Match::no) return match;
    }
    return Match::no;
  }

  // Section 5.5. What is wrong with the names of the client is not the domain's fault: failures do
  // not end the evaluation, and a client without a name is no void lookup.
  std::optional<Match> ptr(const SpfDirective& directive, const std::string& domain) {
    const auto target = context_.target_name(directive.domain_spec, domain);
    if (!target) return std::nullopt;
    const auto names = context_.validated_names();
    if (!names) return std::nullopt;
    const bool found = std::ranges::any_of(*names, [&](std::string_view name) {
      return mail::is_below(name, *target, mail::Self::included);
    });
    return found ? Match::yes : Match::no;
  }

  // Section 5.7: A, whatever the client's address is.
  std::optional<Match> exists(const std::string& target) {
    const dns::Answer* answer = context_.find(target, dns::Type::a);
    if (!answer) return std::nullopt;
    if (answer->status == dns::Status::failure) return temperror("A", target, *answer);
    count_void(*answer, target);
    return answer->status == dns::Status::ok ? Match::yes : Match::no;
  }

  Match has_client(const SpfDirective& directive, const dns::Answer& answer,
                   std::string_view name) {
    if (answer.status == dns::Status::failure) return temperror("addresses", name, answer);
    const bool found = std::ranges::any_of(answer.addresses, [&](const IpAddress& address) {
      return directive.covers(address, context_.client());
    });
    return found ? Match::yes : Match::no;
  }

  // Section 4.6.4. The term is counted when it is reached.
  bool count_lookup() {
    if (report_.lookups == max_spf_lookups) {
      report_.problem = "more than 10 terms ask the DNS";
      return false;
    }
    ++report_.lookups;
    return true;
  }

  /// Section 4.6.4 counts the terms whose target has no records; the first question of all is
  /// not one of a term.
  void count_void(const dns::Answer& answer, const std::string& name) {
    if (report_.lookups == 0) return;
    if (answer.status != dns::Status::empty && answer.status != dns::Status::nxdomain) return;
    ++report_.void_lookups;
    step(name, "lookup", answer.status == dns::Status::nxdomain ? "no such name" : "no records");
  }

  Match temperror(std::string_view what, std::string_view name, const dns::Answer& answer) {
    report_.problem = std::string(what).append(" of ").append(name).append(": ") + answer.problem;
    return Match::temperror;
  }

  SpfResult trouble(SpfResult result, std::string problem) {
    report_.problem = std::move(problem);
    return result;
  }

  void decided_by(std::string_view directive, const std::string& domain) {
    report_.mechanism = directive;
    if (domain != report_.domain) report_.mechanism.append(" of ").append(domain);
  }

  void step(std::string_view domain, std::string_view text, std::string_view outcome) {
    if (steps_ == Steps::none) return;
    report_.steps.push_back({std::string(domain), std::string(text), std::string(outcome)});
  }

  SpfContext& context_;
  SpfEvaluation& report_;
  Steps steps_;
  // Section 6.2: of the record whose directive decided, never of an included one.
  std::string exp_;
  std::string exp_domain_;
};

}  // namespace

std::string_view to_string(SpfResult result) {
  switch (result) {
    case SpfResult::none:
      return "none";
    case SpfResult::neutral:
      return "neutral";
    case SpfResult::pass:
      return "pass";
    case SpfResult::fail:
      return "fail";
    case SpfResult::softfail:
      return "softfail";
    case SpfResult::temperror:
      return "temperror";
    case SpfResult::permerror:
      return "permerror";
  }
  std::abort();
}

std::string_view to_string(SpfIdentity identity) {
  switch (identity) {
    case SpfIdentity::helo:
      return "helo";
    case SpfIdentity::mail_from:
      return "mailfrom";
  }
  std::abort();
}

dns::Asking<SpfEvaluation> check_host(const SpfQuery& query, const dns::AnswerSet& answers,
                                      Steps steps, SpfRecordCache* records) {
  SpfContext context(query, answers, records);
  SpfEvaluation report{.identity = query.identity, .domain = context.domain()};

  // Section 4.3: without a domain of several labels there is nothing to ask.
  if (!context.has_domain()) {
    report.problem = "there is no domain to check";
    return {.value = std::move(report)};
  }

  Evaluation evaluation(context, report, steps);
  const auto result = evaluation.check(context.domain());
  if (!result) {
    look_ahead(context);
    return {.questions = context.take_missing()};
  }
  if (*result == SpfResult::fail && !evaluation.explain())
    return {.questions = context.take_missing()};
  report.result = *result;
  // What an included record came to is of no interest once the whole has a result.
  const bool is_error = report.result == SpfResult::temperror ||
                        report.result == SpfResult::permerror || report.result == SpfResult::none;
  (is_error ? report.mechanism : report.problem).clear();
  return {.value = std::move(report)};
}

}  // namespace postern::auth

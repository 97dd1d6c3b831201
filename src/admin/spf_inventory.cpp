#include "admin/spf_inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "auth/spf_record_cache.h"
#include "dns/ask.h"

namespace postern::admin {
namespace {

using auth::SpfDirective;
using auth::SpfMechanism;
using auth::SpfResult;
using Clock = std::chrono::steady_clock;

constexpr std::size_t named_sources = 8;
constexpr std::string_view never_seen_suggestion =
    "Has not sent to you with this domain. It may send to others: ask before you remove it.";
/// Senders beyond are not judged.
constexpr std::size_t max_senders = 1'000;

struct FetchedRecord {
  std::string text;
  std::string problem;  ///< a sentence; else the text is there
  bool is_missing = false;
};

FetchedRecord fetch_record(const std::string& domain, dns::Resolver& resolver,
                           dns::AnswerSet& answers, Clock::time_point deadline) {
  const dns::Question question{domain, dns::Type::txt};
  dns::fetch(resolver, {question}, answers, deadline);
  const dns::Answer* answer = answers.find(question);
  FetchedRecord found;
  if (answer == nullptr || answer->status == dns::Status::failure) {
    found.problem = fmt::format("The SPF record of {} cannot be asked for: {}.", domain,
                                answer == nullptr ? "no answer" : answer->problem);
    return found;
  }
  std::vector<std::string> records;
  std::ranges::copy_if(answer->texts, std::back_inserter(records), auth::is_spf_record);
  if (records.size() > 1) {
    found.problem = fmt::format("{} has several SPF records, which is as good as none.", domain);
  } else if (records.empty()) {
    found.problem = fmt::format("{} has no SPF record.", domain);
    found.is_missing = true;
  } else {
    found.text = records.front();
  }
  return found;
}

/// A term that lets nobody pass is not looked for.
bool is_counted(const SpfDirective& directive) {
  return directive.mechanism != SpfMechanism::all || directive.result == SpfResult::pass;
}

std::string suggestion_for(const SpfDirective& directive, SpfTermStatus status) {
  const bool is_include = directive.mechanism == SpfMechanism::include;
  if (status == SpfTermStatus::never_seen)
    return is_include ? "Nobody behind it has sent to you with this domain. It may send to others: "
                        "ask its owner before you remove it."
                      : std::string(never_seen_suggestion);
  return is_include ? "Which of the addresses behind it are needed, this record does not say." : "";
}

/// The term of the domain's own record by which the evaluation passed.
std::string deciding_term(const auth::SpfEvaluation& evaluation) {
  std::string redirect;
  for (const auth::SpfStep& step : evaluation.steps) {
    if (step.domain != evaluation.domain) continue;
    if (step.outcome == "match") return step.text;
    if (step.outcome == "followed") redirect = step.text;
  }
  return redirect;
}

void note(SpfTermUse& use, const SpfSender& sender) {
  use.status = SpfTermStatus::seen;
  use.messages += sender.messages;
  use.last_seen = std::max(use.last_seen.value_or(sender.last_seen), sender.last_seen);
  if (use.sources.size() < named_sources) use.sources.push_back(sender.address.to_string());
}

SpfTermUse missing_term(const SpfSender& sender, const std::string& domain, bool has_record) {
  SpfTermUse use;
  use.term = (sender.address.is_v4() ? "ip4:" : "ip6:") + sender.address.to_string();
  note(use, sender);
  use.status = SpfTermStatus::missing;
  use.suggestion = has_record
                       ? fmt::format("Add {} to the SPF record of {}.", use.term, domain)
                       : fmt::format("Publish an SPF record for {} with {}.", domain, use.term);
  return use;
}

}  // namespace

std::string_view to_string(SpfTermStatus status) {
  switch (status) {
    case SpfTermStatus::seen:
      return "Seen";
    case SpfTermStatus::never_seen:
      return "NeverSeen";
    case SpfTermStatus::missing:
      return "Missing";
  }
  std::abort();
}

SpfInventory take_spf_inventory(const std::string& domain, const std::vector<SpfSender>& senders,
                                dns::Resolver& resolver, const std::string& receiver,
                                Clock::time_point deadline) {
  SpfInventory inventory;
  dns::AnswerSet answers;
  const FetchedRecord fetched = fetch_record(domain, resolver, answers, deadline);
  if (!fetched.problem.empty()) inventory.problems.push_back(fetched.problem);
  if (fetched.text.empty() && !fetched.is_missing) return inventory;

  std::vector<SpfDirective> directives;  // as many as terms, but redirect
  const auto record = auth::parse_spf_record(fetched.text);
  if (!fetched.is_missing && !record) {
    inventory.problems.push_back(fmt::format("The SPF record of {} is as good as none, `{}`: {}.",
                                             domain, record.error().term, record.error().what));
    return inventory;
  }
  if (!fetched.is_missing) {
    for (const SpfDirective& directive : record->directives) {
      if (!is_counted(directive)) continue;
      directives.push_back(directive);
      inventory.terms.push_back({.term = std::string(directive.text)});
    }
    if (!record->redirect.empty())
      inventory.terms.push_back({.term = fmt::format("redirect={}", record->redirect)});
  }

  auth::SpfRecordCache records;
  std::vector<SpfTermUse> missing;
  for (std::size_t i = 0; i < senders.size(); ++i) {
    const SpfSender& sender = senders[i];
    if (i == max_senders || Clock::now() >= deadline) {
      inventory.problems.push_back(fmt::format(
          "Of {} sources of {}, {} were compared with its record.", senders.size(), domain, i));
      break;
    }
    const auth::SpfQuery query{.client = sender.address,
                               .helo = sender.hello,
                               .local_part = sender.local_part,
                               .domain = domain,
                               .receiver = receiver,
                               .now = now()};
    dns::AskBudget budget;
    const auth::SpfEvaluation found =
        dns::ask_until_done(resolver, answers, budget, [&](const dns::AnswerSet& known) {
          return auth::check_host(query, known, auth::Steps::record, &records);
        });
    if (found.result == SpfResult::pass) {
      const std::string term = deciding_term(found);
      // Macros of a redirect are expanded in the step.
      auto use = std::ranges::find(inventory.terms, term, &SpfTermUse::term);
      if (use == inventory.terms.end() && term.starts_with("redirect="))
        use = std::prev(inventory.terms.end());
      if (use != inventory.terms.end()) note(*use, sender);
    } else if (found.result == SpfResult::temperror) {
      inventory.problems.push_back(
          fmt::format("{} could not be compared with the record of {}: {}.",
                      sender.address.to_string(), domain, found.problem));
    } else if (sender.is_wanted) {
      missing.push_back(missing_term(sender, domain, !fetched.is_missing));
    }
  }
  if (inventory.terms.size() > directives.size() &&
      inventory.terms.back().status == SpfTermStatus::never_seen)
    inventory.terms.back().suggestion = std::string(never_seen_suggestion);
  for (std::size_t i = 0; i < directives.size(); ++i)
    inventory.terms[i].suggestion = suggestion_for(directives[i], inventory.terms[i].status);
  std::ranges::move(missing, std::back_inserter(inventory.terms));
  return inventory;
}

}  // namespace postern::admin

// Get-SpfInventory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "admin/commands.h"
#include "admin/direct_send_survey.h"
#include "admin/spf_inventory.h"

namespace postern::admin {
namespace {

/// Subdomains come with the names of strangers.
constexpr std::size_t max_domains = 200;
/// Of each domain it is told that its DNS fails; more sources that it hits are not named.
constexpr std::size_t max_problems = 3;
/// For all domains together.
constexpr std::chrono::seconds max_time{20};

std::string local_part_of(const SurveyedSource& source, const std::string& domain) {
  for (const std::string& sender : source.statistics.senders) {
    if (sender.ends_with("@" + domain)) return sender.substr(0, sender.size() - domain.size() - 1);
  }
  return "postmaster";
}

using SendersOfDomain = std::map<std::string, std::vector<SpfSender>>;

/// The accepted domains, and those below them that were seen to send.
SendersOfDomain find_senders(const Call& call, const DirectSendRange& range,
                             const DirectSendSurvey& survey) {
  SendersOfDomain domains;
  if (!range.domain.empty()) domains[range.domain];
  for (const auto& domain : call.organization->accepted_domains()) {
    if (range.domain.empty() && domains.size() < max_domains) domains[domain.name];
  }
  for (const SurveyedSource& source : survey.sources) {
    if (!source.statistics.address) continue;
    for (const auto& [domain, use] : source.domains) {
      if (!domains.contains(domain) && domains.size() >= max_domains) continue;
      domains[domain].push_back({.address = *source.statistics.address,
                                 .hello = "",
                                 .local_part = local_part_of(source, domain),
                                 .messages = use.first,
                                 .last_seen = use.second,
                                 .is_wanted = source.judgement.kind == policy::SourceKind::yours});
    }
  }
  for (auto& [domain, senders] : domains)
    std::ranges::sort(senders, std::ranges::less(),
                      [](const SpfSender& one) { return std::pair(~one.messages, one.address); });
  return domains;
}

Object describe(const std::string& domain, const SpfTermUse& use) {
  Object row = {
      {"Domain", domain},
      {"Term", use.term},
      {"Status", to_string(use.status)},
      {"Count", use.messages},
      {"LastSeen", use.last_seen ? Value(*use.last_seen) : Value()},
      {"Sources", use.sources},
      {"Suggestion", use.suggestion},
  };
  row.kind = "SpfInventory";
  return row;
}

CommandResult get_inventory(const Call& call) {
  if (call.services.traffic == nullptr) return Outcome{{}, {"Traffic is not counted here."}};
  if (!call.services.resolver) return Outcome{{}, {"The DNS cannot be asked here."}};
  const auto range = read_range(call);
  if (!range) return std::unexpected(range.error());
  auto resolver = call.services.resolver();
  if (!resolver) return std::unexpected(CommandError{Trouble::failed, resolver.error().message});

  const DirectSendSurvey survey = survey_direct_send(call, *range);
  const auto deadline = std::chrono::steady_clock::now() + max_time;
  Outcome outcome{.values = {}, .warnings = survey.problems};
  for (const auto& [domain, senders] : find_senders(call, *range, survey)) {
    SpfInventory inventory =
        take_spf_inventory(domain, senders, **resolver, call.services.server_name, deadline);
    for (const SpfTermUse& use : inventory.terms)
      outcome.values.emplace_back(describe(domain, use));
    if (inventory.problems.size() > max_problems) {
      inventory.problems.resize(max_problems);
      inventory.problems.push_back(
          fmt::format("More sources of {} could not be compared.", domain));
    }
    std::ranges::move(inventory.problems, std::back_inserter(outcome.warnings));
  }
  return outcome;
}

using enum ParameterType;

constexpr ParameterSpec parameters[] = {
    {"StartDate", date, "From when on mail is looked at, UTC.", named, false,
     "30 days before EndDate"},
    {"EndDate", date, "Until when, UTC.", named, false, "now"},
    {"Domain", text, "Only the record of this domain."},
};

constexpr std::array<Command, 1> commands = {{
    {{"Get-SpfInventory", CommandKind::query,
      "Compares the SPF records of the organization's domains, as the DNS has them now, with who "
      "was "
      "seen to send: terms that sent, terms that never did, senders that no term covers.",
      parameters, "",
      "Get-SpfInventory\n"
      "Get-SpfInventory -Domain contoso.com -StartDate (Get-Date).AddDays(-90) | Where-Object "
      "Status "
      "-ne Seen"},
     get_inventory},
}};

}  // namespace

std::span<const Command> spf_inventory_commands() {
  return commands;
}

}  // namespace postern::admin

// Get-SpoofIntelligenceInsight, Get-SpoofMailReport: who forges whom, by what is counted of
// traffic.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "admin/commands.h"
#include "admin/result_size.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using store::SpoofCount;
using store::SpoofIntelligence;
using store::SpoofOutcome;

/// Pairs for whose names there was no room, taken together.
constexpr std::string_view nameless = "(others)";

Outcome nothing_is_learned() {
  return {{}, {"Nothing is learned about forged authors here."}};
}

std::string_view name_of(const SpoofCount& count, std::string_view name) {
  return count.is_rest() ? nameless : name;
}

/// Of spoof intelligence itself; what DMARC or an administrator's list decides has other places.
bool is_insight(const SpoofCount& count) {
  return count.last.outcome != SpoofOutcome::dmarc && !count.last.by_list;
}

/// As the insight has it: what is only marked while spoof intelligence is off is blocked, what-if.
std::string_view action_of(SpoofOutcome outcome) {
  return outcome == SpoofOutcome::allowed ? "Allowed" : "Blocked";
}

std::string_view source_of(const SpoofCount& count) {
  if (count.last.by_list) return "TenantAllowBlockList";
  return count.last.outcome == SpoofOutcome::dmarc ? "DmarcPolicy" : "SpoofIntelligence";
}

CommandResult get_insight(const Call& call) {
  if (call.services.spoofs == nullptr) return nothing_is_learned();
  const Time end = now();
  const auto counts =
      call.services.spoofs->find({.organization = call.organization->id(),
                                  .start = end - std::chrono::days(SpoofIntelligence::insight_days),
                                  .end = end});
  if (!counts) return refuse(counts.error());

  struct Sum {
    std::uint64_t messages = 0;
    Time last_seen;
  };
  std::map<std::tuple<policy::SpoofPairName, SpoofOutcome>, Sum> sums;
  for (const SpoofCount& count : *counts) {
    if (!is_insight(count)) continue;
    Sum& sum = sums[{count.last.pair, count.last.outcome}];
    sum.messages += count.count;
    sum.last_seen = std::max(sum.last_seen, count.last.at);
  }
  Outcome outcome;
  std::vector<std::pair<std::uint64_t, Object>> rows;
  for (const auto& [key, sum] : sums) {
    const auto& [pair, what] = key;
    const bool is_rest = pair.spoofed_user.empty();
    Object row = {
        {"SpoofedUser", is_rest ? nameless : std::string_view(pair.spoofed_user)},
        {"SendingInfrastructure",
         is_rest ? nameless : std::string_view(pair.sending_infrastructure)},
        {"MessageCount", sum.messages},
        {"LastSeen", sum.last_seen},
        {"SpoofType", directory::to_string(pair.type)},
        {"Action", action_of(what)},
        {"WhatIf", what == SpoofOutcome::would_block},
    };
    row.kind = "SpoofIntelligenceInsight";
    rows.emplace_back(sum.messages, std::move(row));
  }
  std::ranges::sort(rows, std::ranges::greater(), [](const auto& row) { return row.first; });
  for (auto& [messages, row] : rows) outcome.values.emplace_back(std::move(row));
  return outcome;
}

Object describe(const SpoofCount& count) {
  const store::SpoofSighting& last = count.last;
  Object row = {
      {"Date", Time(std::chrono::floor<std::chrono::days>(last.at))},
      {"EventType", "SpoofMail"},
      {"Direction", "Inbound"},
      {"Domain", name_of(count, last.author_domain)},
      {"SpoofedUser", name_of(count, last.pair.spoofed_user)},
      {"TrueSender", last.true_sender.empty() && !count.is_rest()
                         ? std::string_view("<>")
                         : name_of(count, last.true_sender)},
      {"SendingInfrastructure", name_of(count, last.pair.sending_infrastructure)},
      {"Count", count.count},
      {"SpoofType", directory::to_string(last.pair.type)},
      {"Source", source_of(count)},
      {"Action", action_of(last.outcome)},
      {"Result", policy::to_string(last.result)},
      {"ResultCode", policy::reason_text(last.reason)},
      {"SPF", last.spf},
      {"DKIM", last.dkim},
      {"DMARC", last.dmarc},
  };
  row.kind = "SpoofMailReport";
  return row;
}

/// A whole number from 1 to `most`.
Result<std::size_t> count_of(const Call& call, std::string_view parameter, std::size_t usual,
                             std::size_t most) {
  const Value* value = call.arguments.find(parameter);
  const std::int64_t* number = value == nullptr ? nullptr : value->get<std::int64_t>();
  if (number == nullptr) return usual;
  if (*number < 1 || static_cast<std::uint64_t>(*number) > most)
    return fail(fmt::format("{}: a whole number from 1 to {}.", parameter, most));
  return static_cast<std::size_t>(*number);
}

CommandResult get_report(const Call& call) {
  if (call.services.spoofs == nullptr) return nothing_is_learned();
  const Time end = call.time("EndDate").value_or(now());
  const Time start = call.time("StartDate").value_or(end - std::chrono::days(7));
  if (start > end) return wrong_argument("StartDate: it is after EndDate.");
  if (start < now() - std::chrono::days(SpoofIntelligence::report_days + 1)) {
    return wrong_argument(
        fmt::format("StartDate: counts are kept for {} days.", SpoofIntelligence::report_days));
  }
  const auto page = count_of(call, "Page", 1, 1'000);
  if (!page) return wrong_argument(page.error().message);
  const auto size = count_of(call, "PageSize", default_results, most_trace_results);
  if (!size) return wrong_argument(size.error().message);

  const auto counts = call.services.spoofs->find(
      {.organization = call.organization->id(), .start = start, .end = end});
  if (!counts) return refuse(counts.error());
  Outcome outcome;
  std::size_t skip = (*page - 1) * *size;
  for (const SpoofCount& count : *counts) {
    if (call.has("Action") && !iequals(call.text("Action"), action_of(count.last.outcome)))
      continue;
    if (skip > 0) {
      --skip;
      continue;
    }
    if (outcome.values.size() == *size) {
      outcome.warnings.emplace_back(more_results);
      break;
    }
    outcome.values.emplace_back(describe(count));
  }
  return outcome;
}

using enum ParameterType;

constexpr ParameterSpec report_parameters[] = {
    {"StartDate", date, "The first day, UTC. At most 90 days ago.", named, false,
     "7 days before EndDate"},
    {"EndDate", date, "The last day, UTC.", named, false, "now"},
    {"Action", text, "Only these.", named, false, {}, "Allowed|Blocked"},
    {"Direction", text, "Inbound: there is no other here.", named, false, "Inbound", "Inbound"},
    {"EventType", text, "SpoofMail: there is no other here.", named, false, "SpoofMail",
     "SpoofMail"},
    {"Page", number, "Which part of the rows.", named, false, "1"},
    {"PageSize", number, "How many rows a part has, 1 to 5000.", named, false, "1000"},
};

constexpr std::array<Command, 2> commands = {{
    {{"Get-SpoofIntelligenceInsight",
      CommandKind::query,
      "Shows which authors were forged in the last 30 days, by whom, and what became of it.",
      {},
      "",
      "Get-SpoofIntelligenceInsight | Format-Table\n"
      "Get-SpoofIntelligenceInsight | Where-Object { $_.Action -eq 'Blocked' -and $_.SpoofType -eq "
      "'Internal' }"},
     get_insight},
    {{"Get-SpoofMailReport", CommandKind::query,
      "Shows forged authors by day, with what authentication found: one row for each pair, day and "
      "result.",
      report_parameters, "",
      "Get-SpoofMailReport -StartDate (Get-Date).AddDays(-30) | Format-List\n"
      "Get-SpoofMailReport | Group-Object SendingInfrastructure -NoElement"},
     get_report},
}};

}  // namespace

std::span<const Command> spoof_report_commands() {
  return commands;
}

}  // namespace postern::admin

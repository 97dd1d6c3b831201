// Test-DirectSend: which mail of the last days would have met another fate at RCPT under other
// settings?
#include <fmt/format.h>

#include <array>
#include <future>

#include "admin/commands.h"
#include "admin/proposals.h"
#include "admin/result_size.h"
#include "admin/what_if_reader.h"

namespace postern::admin {
namespace {

constexpr std::chrono::days default_range{7};

Value describe(const policy::WhatIfSource& one) {
  const policy::SourceStatistics& statistics = one.statistics;
  const policy::WhatIfCounts& counts = one.counts;
  Object object = {
      {"Source", statistics.address->to_string()},
      {"PtrDomain", statistics.reverse_domain},
      {"Senders", statistics.senders},
      {"Count", counts.count},
      {"RefusedNow", counts.refused_now},
      {"RefusedThen", counts.refused_then},
      {"NewlyRefused", counts.newly_refused},
      {"NewlyAccepted", counts.newly_accepted},
      {"ToBeProven", counts.to_be_proven},
      {"Reason", one.reason},
      {"Kind", statistics.count == 0 ? std::string_view() : to_string(one.judgement.kind)},
      {"Judgement", one.judgement.sentence},
      {"Remedy", one.remedy.connector},
      {"Note", one.remedy.note},
  };
  const auto seen = [](std::optional<Time> time) { return time ? Value(*time) : Value(); };
  object.set("FirstSeen", seen(statistics.first_seen));
  object.set("LastSeen", seen(statistics.last_seen));
  object.kind = "DirectSendTest";
  return object;
}

struct Comparison {
  policy::WhatIf what_if;
  store::TraceScanned scanned;
  std::uint64_t not_judged = 0;
};

Comparison compare_days(store::TraceStore& trace, const store::TraceScan& wanted,
                        const WhatIfSettings& settings) {
  Comparison made;
  WhatIfReader reader(settings, made.what_if);
  made.scanned = trace.scan(wanted, reader);
  made.not_judged = reader.not_judged();
  return made;
}

/// The older half of the days and the newer one side by side.
Comparison compare(store::TraceStore& trace, const store::TraceScan& wanted,
                   const WhatIfSettings& settings) {
  const Time middle =
      std::chrono::ceil<std::chrono::days>(wanted.start + (wanted.end - wanted.start) / 2);
  if (middle > wanted.end) return compare_days(trace, wanted, settings);
  store::TraceScan older = wanted;
  older.end = middle - std::chrono::microseconds(1);
  store::TraceScan newer = wanted;
  newer.start = middle;
  auto second =
      std::async(std::launch::async, [&] { return compare_days(trace, newer, settings); });
  Comparison made = compare_days(trace, older, settings);
  Comparison more = second.get();
  made.what_if.add(more.what_if);
  made.scanned.add(std::move(more.scanned));
  made.not_judged += more.not_judged;
  return made;
}

/// What was read, and what of it could not be used.
void tell_record(const store::TraceScanned& scanned, std::uint64_t not_judged, Outcome& outcome) {
  if (scanned.rows == 0) {
    outcome.warnings.emplace_back("The trace has no mail of that time.");
    return;
  }
  // At least an hour, so that it reads well.
  const auto hours = std::chrono::ceil<std::chrono::hours>(*scanned.last - *scanned.first).count();
  outcome.warnings.push_back(
      fmt::format("The trace has {} rows of that time, one for each recipient, from {} to {}: {}.",
                  scanned.rows, format_time(*scanned.first), format_time(*scanned.last),
                  hours < 48 ? fmt::format("{} hours", std::max<std::int64_t>(hours, 1))
                             : fmt::format("{} days", (hours + 12) / 24)));
  if (not_judged > 0) {
    outcome.warnings.push_back(
        fmt::format("{} of them are not judged: their client is not known, or they were written by "
                    "a version that did not keep what decides.",
                    not_judged));
  }
}

/// Is there a stage that audits some of the mail? What is only scheduled is taken as begun.
bool is_partial(const directory::OrganizationConfig& config) {
  return config.reject_direct_send_mode == directory::EnforcementMode::audit ||
         config.reject_direct_send_percentage < 100 ||
         !config.reject_direct_send_pilot_recipients.empty();
}

CommandResult test_direct_send(const Call& call) {
  const auto limit = result_size(call.text("ResultSize"), unlimited_results);
  if (!limit) return wrong_argument(limit.error().message);
  const Time end = call.time("EndDate").value_or(now());
  const Time start = call.time("StartDate").value_or(end - default_range);
  if (start > end) return wrong_argument("StartDate: it is later than EndDate.");
  const auto proposed = rehearse_proposals(call);
  if (!proposed) return std::unexpected(proposed.error());

  const directory::SharedSnapshot then = (*proposed)->snapshot();
  const auto& config = then->peek_organization(call.organization->id())->config();
  // What is scheduled is judged as if it had begun.
  const Time time = now();
  const WhatIfSettings settings{
      .now = {*call.snapshot, time},
      .then = {*then, std::max(time, config.reject_direct_send_effective_from)},
      .server_name = call.services.server_name,
      .has_relay = call.services.has_relay};
  const auto [what_if, scanned, not_judged] =
      compare(call.services.trace, {call.organization->name(), start, end}, settings);
  const auto changed = what_if.changed_sources(scanned.last);

  Outcome outcome;
  outcome.warnings = scanned.problems;
  for (const policy::WhatIfSource& one : changed) {
    if (outcome.values.size() == *limit) {
      outcome.warnings.emplace_back(more_results);
      break;
    }
    outcome.values.push_back(describe(one));
  }
  tell_record(scanned, not_judged, outcome);
  if (const policy::WhatIfCounts& others = what_if.others(); others.changes()) {
    outcome.warnings.push_back(fmt::format(
        "There are more sources than are told apart: {} recipients newly refused and {} "
        "newly accepted are of further ones.",
        others.newly_refused, others.newly_accepted));
  }
  if (config.reject_direct_send && is_partial(config)) {
    outcome.warnings.emplace_back(
        "Under the proposed settings RejectDirectSend is in force for a part of the mail only, or "
        "for none (RejectDirectSendMode, -PilotRecipients, -Percentage). The whole is told with "
        "-With "
        "'Set-OrganizationConfig -RejectDirectSendMode Enforce -RejectDirectSendPilotRecipients "
        "$null "
        "-RejectDirectSendPercentage 100'.");
  }
  if (what_if.totals().to_be_proven > 0) {
    outcome.warnings.push_back(
        fmt::format("{} recipients would be accepted at RCPT only until the content is there: "
                    "refused after it, unless SPF, DKIM or a trusted ARC seal proves the domain.",
                    what_if.totals().to_be_proven));
  }
  if (config.reject_direct_send && config.reject_direct_send_check_header_from &&
      !call.organization->config().reject_direct_send_check_header_from) {
    outcome.warnings.emplace_back(
        "What RejectDirectSendCheckHeaderFrom refuses after the content is not in these figures.");
  }
  outcome.warnings.push_back(what_if.to_sentence(changed));
  return outcome;
}

using enum ParameterType;

constexpr ParameterSpec parameters[] = {
    {"RejectDirectSend", boolean, "As of Set-OrganizationConfig. Without it: as it is.", 0},
    {"RejectDirectSendCheckHeaderFrom", boolean, "As of Set-OrganizationConfig."},
    {"RejectDirectSendAllowAuthenticated", boolean, "As of Set-OrganizationConfig."},
    {"With", any,
     "More that would be otherwise: a hashtable with parameters of Set-OrganizationConfig and with "
     "InboundConnector, AcceptedDomain and DirectSendException, each one or several hashtables "
     "with "
     "a Name; or cmdlet lines in quotes, such as a Remedy."},
    {"Without", list, "Connectors that would not be there."},
    {"StartDate", date, "The earliest time of receipt, UTC.", named, false,
     "7 days before EndDate"},
    {"EndDate", date, "The latest time of receipt, UTC.", named, false, "now"},
    {"ResultSize", text, "How many sources at most; Unlimited: all.", named, false, "1000"},
};

constexpr std::array<Command, 1> commands = {{
    {{"Test-DirectSend", CommandKind::query,
      "Judges the recorded mail again under proposed settings and lists the sources for which "
      "something would change.",
      parameters, "",
      "Test-DirectSend -RejectDirectSend $true\n"
      "Test-DirectSend -RejectDirectSend $true -With @{InboundConnector=@{Name='Scanner'; "
      "SenderIPAddresses='198.51.100.7'; RequireTls=$false}}\n"
      "Test-DirectSend -RejectDirectSend $true -With 'New-InboundConnector -Name Scanner "
      "-SenderDomains * -SenderIPAddresses 198.51.100.7 -RequireTls $false'\n"
      "Test-DirectSend -Without Printers -StartDate (Get-Date).AddDays(-30) | Format-List"},
     test_direct_send},
}};

}  // namespace

std::span<const Command> what_if_commands() {
  return commands;
}

}  // namespace postern::admin

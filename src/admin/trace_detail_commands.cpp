// Get-MessageTraceDetailV2 and Test-Message: why a message was decided as it was, and what other
// settings would have made of it.
#include <fmt/format.h>

#include <array>

#include "admin/commands.h"
#include "admin/judged_rows.h"
#include "admin/proposals.h"
#include "admin/stage_settings.h"
#include "admin/trace_detail.h"

namespace postern::admin {
namespace {

using directory::AntiPhishPolicy;

/// Of the rows those that -RecipientAddress names, or all.
std::expected<std::vector<std::size_t>, CommandError> chosen_rows(const Call& call,
                                                                  const JudgedRows& rows) {
  const std::string address = call.text("RecipientAddress");
  std::vector<std::size_t> chosen;
  if (address.empty()) {
    for (std::size_t i = 0; i < rows.records.size(); ++i) chosen.push_back(i);
    return chosen;
  }
  const auto found = rows.find(address);
  if (!found) return call.not_found(address);
  chosen.push_back(*found);
  return chosen;
}

CommandResult get_detail(const Call& call) {
  const auto rows = read_judged_rows(call);
  if (!rows) return std::unexpected(rows.error());
  const auto chosen = chosen_rows(call, *rows);
  if (!chosen) return std::unexpected(chosen.error());
  Outcome outcome;
  outcome.warnings = rows->problems;
  for (const std::size_t index : *chosen) {
    for (Value& step : tell_steps(*rows, index)) {
      step.get<Object>()->set("RecipientAddress", rows->records[index].forward_path);
      outcome.values.push_back(std::move(step));
    }
  }
  return outcome;
}

struct PolicySwitch {
  std::string_view name;
  bool AntiPhishPolicy::* value;
};
constexpr PolicySwitch policy_switches[] = {
    {"EnableSpoofIntelligence", &AntiPhishPolicy::enable_spoof_intelligence},
    {"HonorDmarcPolicy", &AntiPhishPolicy::honor_dmarc_policy},
};
struct PolicyAction {
  std::string_view name;
  directory::SpoofAction AntiPhishPolicy::* value;
};
constexpr PolicyAction policy_actions[] = {
    {"AuthenticationFailAction", &AntiPhishPolicy::authentication_fail_action},
    {"DmarcQuarantineAction", &AntiPhishPolicy::dmarc_quarantine_action},
    {"DmarcRejectAction", &AntiPhishPolicy::dmarc_reject_action},
    {"SpoofBlockAction", &AntiPhishPolicy::spoof_block_action},
};

/// The settings as they were, but for what is proposed. Only the organization's own.
void propose(const Call& call, policy::JudgedSettings& settings) {
  for (policy::JudgedOrganization& organization : settings.organizations) {
    if (organization.name != call.organization->name()) continue;
    for (const ProposedSwitch& one : proposed_switches()) {
      if (call.has(one.name)) organization.config.*one.value = call.flag(one.name);
    }
    // The mode is all of them that it takes.
    static_cast<void>(apply_stages(call, organization.config));
  }
  for (const PolicySwitch& one : policy_switches) {
    if (call.has(one.name)) settings.policy.*one.value = call.flag(one.name);
  }
  for (const PolicyAction& one : policy_actions) {
    // The table lets only the known words through.
    if (call.has(one.name))
      settings.policy.*one.value = directory::parse_spoof_action(call.text(one.name)).value();
  }
}

CommandResult test_message(const Call& call) {
  auto rows = read_judged_rows(call);
  if (!rows) return std::unexpected(rows.error());
  const auto chosen = chosen_rows(call, *rows);
  if (!chosen) return std::unexpected(chosen.error());
  if (!rows->all_known()) {
    return refuse({"What this message was judged on was not kept, so it cannot be judged again."});
  }
  const policy::JudgedAgain before = policy::judge_again(rows->recipients, rows->evidence);
  std::vector<policy::JudgedRecipient> proposed = rows->recipients;
  for (policy::JudgedRecipient& one : proposed) propose(call, one.settings);
  const policy::JudgedAgain after = policy::judge_again(proposed, rows->evidence);

  Outcome outcome;
  outcome.warnings = rows->problems;
  for (const std::size_t index : *chosen) {
    const store::TraceRecord& record = rows->records[index];
    const VerdictWords then = to_words(*rows, before, index);
    const VerdictWords now = to_words(*rows, after, index);
    // The row has the whole reply, and what was no policy's matter.
    Object object = {
        {"MessageTraceId", record.message_trace_id},
        {"RecipientAddress", record.forward_path},
        {"SenderAddress", record.reverse_path.empty() ? "<>" : record.reverse_path},
        {"Changed", !(then == now)},
        {"Decision", record.decision},
        {"NewDecision", now.decision},
        {"Action", then.action},
        {"NewAction", now.action},
        {"CompAuth", then.compauth},
        {"NewCompAuth", now.compauth},
        {"Reason", then.reason},
        {"NewReason", now.reason},
        {"Reply", record.reply},
        {"NewReply", then == now ? record.reply : now.reply},
        {"Status", trace_status_word(record.status)},
        {"SettingsRevision", record.settings_revision},
    };
    object.kind = "MessageVerdict";
    outcome.values.emplace_back(std::move(object));
    for (const std::string& one : find_contradictions(*rows, before, index)) {
      outcome.warnings.push_back(
          fmt::format("{}: {}, with the settings of then.", record.forward_path, one));
    }
    const bool newly_accepted = now.decision == to_string(policy::Decision::accept) &&
                                then.decision != now.decision && !rows->evidence.message;
    if (newly_accepted) {
      outcome.warnings.push_back(fmt::format(
          "{}: it was refused before its content was sent, so only the decision at RCPT is known.",
          record.forward_path));
    }
  }
  return outcome;
}

using enum ParameterType;

constexpr ParameterSpec detail_parameters[] = {
    {"MessageTraceId", text, "The id of the transaction, as Get-MessageTraceV2 shows it.", 0, true},
    {"RecipientAddress", text, "One of its recipients; without it all are told.", 1},
    {"StartDate", date, "Accepted: the id says when it was."},
    {"EndDate", date, "Accepted: the id says when it was."},
};

constexpr ParameterSpec test_parameters[] = {
    {"MessageTraceId", text, "The id of the transaction, as Get-MessageTraceV2 shows it.", 0, true},
    {"RecipientAddress", text, "One of its recipients; without it all are judged.", 1},
    {"RejectDirectSend", boolean, "As of Set-OrganizationConfig. Without it: as it was then."},
    {"RejectDirectSendCheckHeaderFrom", boolean, "As of Set-OrganizationConfig."},
    {"RejectDirectSendAllowAuthenticated", boolean, "As of Set-OrganizationConfig."},
    {mode_parameter, text, "As of Set-OrganizationConfig.", named, false, {}, "Enforce|Audit"},
    {"DeferOnTempError", boolean, "As of Set-OrganizationConfig."},
    {"GatewayInFront", boolean, "As of Set-OrganizationConfig."},
    {"EnableSpoofIntelligence", boolean, "As of Set-AntiPhishPolicy, in every recipient's policy."},
    {"HonorDmarcPolicy", boolean, "As of Set-AntiPhishPolicy."},
    {"AuthenticationFailAction",
     text,
     "As of Set-AntiPhishPolicy.",
     named,
     false,
     {},
     "MoveToJmf|Quarantine"},
    {"DmarcQuarantineAction",
     text,
     "As of Set-AntiPhishPolicy.",
     named,
     false,
     {},
     "MoveToJmf|Quarantine"},
    {"DmarcRejectAction",
     text,
     "As of Set-AntiPhishPolicy.",
     named,
     false,
     {},
     "Quarantine|Reject"},
    {"SpoofBlockAction",
     text,
     "As of Set-AntiPhishPolicy.",
     named,
     false,
     {},
     "MoveToJmf|Quarantine|Reject"},
};

constexpr std::array<Command, 2> commands = {{
    {{"Get-MessageTraceDetailV2", CommandKind::query,
      "Tells step by step why a message was decided as it was: from the client to the delivery.",
      detail_parameters, "",
      "Get-MessageTraceDetailV2 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 ann@contoso.com\n"
      "Get-MessageTraceDetailV2 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 | Where-Object Event -eq SPF"},
     get_detail},
    {{"Test-Message", CommandKind::query,
      "Judges a message of the trace again, with the settings of then or with others, and shows "
      "both verdicts.",
      test_parameters, "",
      "Test-Message 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 -RejectDirectSend $true\n"
      "Test-Message 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 -RejectDirectSendMode Enforce\n"
      "Test-Message 019ab4c7-92f1-7c1e-a1b6-0f6d0c7a8e11 -HonorDmarcPolicy $false | Format-List"},
     test_message},
}};

}  // namespace

std::span<const Command> trace_detail_commands() {
  return commands;
}

}  // namespace postern::admin

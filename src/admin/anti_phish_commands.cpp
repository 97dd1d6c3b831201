// New-, Get-, Set-, Remove-AntiPhishPolicy.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/spoof_change.h"
#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::admin {
namespace {

using directory::AntiPhishPolicy;
using directory::SpoofAction;
using directory::SpoofProtection;

// Exchange has them, and there is no mailbox here in which they could show.
constexpr std::array<std::string_view, 5> reserved = {"SpoofQuarantineTag",
                                                      "EnableUnauthenticatedSender", "EnableViaTag",
                                                      "EnableFirstContactSafetyTips", "Enabled"};

struct ActionParameter {
  std::string_view name;
  SpoofAction AntiPhishPolicy::* value;
};
constexpr std::array<ActionParameter, 4> actions = {{
    {"AuthenticationFailAction", &AntiPhishPolicy::authentication_fail_action},
    {"DmarcQuarantineAction", &AntiPhishPolicy::dmarc_quarantine_action},
    {"DmarcRejectAction", &AntiPhishPolicy::dmarc_reject_action},
    {"SpoofBlockAction", &AntiPhishPolicy::spoof_block_action},
}};

Object describe(const AntiPhishPolicy& policy, bool is_default) {
  Object object = {
      {"Name", policy.name},
      {"Identity", policy.name},
      {"Guid", policy.guid == directory::Guid() ? "" : policy.guid.to_string()},
      {"IsDefault", is_default},
      {"AdminDisplayName", policy.admin_display_name},
      {"EnableSpoofIntelligence", policy.enable_spoof_intelligence},
      {"HonorDmarcPolicy", policy.honor_dmarc_policy},
  };
  for (const ActionParameter& one : actions)
    object.set(one.name, directory::to_string(policy.*one.value));
  object.set("IsValid", true);
  if (policy.when_changed != Time()) {
    object.set("WhenCreatedUTC", policy.when_created);
    object.set("WhenChangedUTC", policy.when_changed);
  }
  object.kind = "AntiPhishPolicy";
  return object;
}

Result<void> apply(const Call& call, AntiPhishPolicy& policy) {
  if (auto fine =
          refuse_reserved(call, reserved, "this parameter is reserved and cannot be set here.");
      !fine) {
    return fine;
  }
  if (call.has("AdminDisplayName")) policy.admin_display_name = call.text("AdminDisplayName");
  if (call.has("EnableSpoofIntelligence"))
    policy.enable_spoof_intelligence = call.flag("EnableSpoofIntelligence");
  if (call.has("HonorDmarcPolicy")) policy.honor_dmarc_policy = call.flag("HonorDmarcPolicy");
  // The table lets only the known words through.
  for (const ActionParameter& one : actions) {
    if (call.has(one.name))
      policy.*one.value = directory::parse_spoof_action(call.text(one.name)).value();
  }
  policy.when_changed = now();
  if (policy.guid == directory::Guid()) {
    policy.guid = new_guid();
    policy.when_created = policy.when_changed;
  }
  return {};
}

CommandResult new_policy(const Call& call) {
  const std::string name = call.text("Name");
  auto done = change_spoof_protection(
      call,
      [&](SpoofProtection& protection) -> Result<void> {
        AntiPhishPolicy policy;
        policy.name = name;
        if (auto applied = apply(call, policy); !applied) return applied;
        protection.policies.push_back(std::move(policy));
        return {};
      },
      fmt::format("Creating anti-phishing policy \"{}\".", name));
  if (!done || call.only_asks()) return done;
  const auto protection = current_protection(call);
  if (const AntiPhishPolicy* made = protection->find_policy(name))
    done->values.emplace_back(describe(*made, false));
  return done;
}

CommandResult get_policy(const Call& call) {
  const std::string identity = call.text("Identity");
  const SpoofProtection& protection = *call.organization->spoof_protection();
  const AntiPhishPolicy* const usual = &protection.default_policy;
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const AntiPhishPolicy* const found = protection.find_policy(identity);
    if (found == nullptr) return call.not_found(identity);
    outcome.values.emplace_back(describe(*found, found == usual));
    return outcome;
  }
  const auto matches = [&](std::string_view name) {
    return identity.empty() || matches_wildcard(name, identity);
  };
  if (matches(usual->name) || matches(directory::default_policy_alias))
    outcome.values.emplace_back(describe(*usual, true));
  for (const AntiPhishPolicy& policy : protection.policies) {
    if (matches(policy.name)) outcome.values.emplace_back(describe(policy, false));
  }
  return outcome;
}

CommandResult set_policy(const Call& call) {
  const std::string identity = call.text("Identity");
  if (std::as_const(*call.organization->spoof_protection()).find_policy(identity) == nullptr)
    return call.not_found(identity);
  return change_spoof_protection(
      call,
      [&](SpoofProtection& protection) -> Result<void> {
        AntiPhishPolicy* const policy = protection.find_policy(identity);
        if (policy == nullptr) return fail(fmt::format("There is no policy {}.", identity));
        return apply(call, *policy);
      },
      fmt::format("Setting anti-phishing policy \"{}\".", identity));
}

CommandResult remove_policy(const Call& call) {
  const std::string identity = call.text("Identity");
  if (std::as_const(*call.organization->spoof_protection()).find_policy(identity) == nullptr)
    return call.not_found(identity);
  return change_spoof_protection(
      call,
      [&](SpoofProtection& protection) -> Result<void> {
        const AntiPhishPolicy* const policy = protection.find_policy(identity);
        if (policy == nullptr) return fail(fmt::format("There is no policy {}.", identity));
        if (policy == &protection.default_policy)
          return fail("The default policy cannot be removed; it is for everybody else.");
        const std::string name = policy->name;
        for (const directory::AntiPhishRule& rule : protection.rules) {
          if (rule.policy == name) {
            return fail(fmt::format("The policy {} is that of the rule {}; remove the rule first.",
                                    name, rule.name));
          }
        }
        std::erase_if(protection.policies,
                      [&](const AntiPhishPolicy& one) { return one.name == name; });
        return {};
      },
      fmt::format("Removing anti-phishing policy \"{}\".", identity));
}

using enum ParameterType;
using enum CommandKind;

constexpr std::array<ParameterSpec, 12> shared_parameters = {{
    {"EnableSpoofIntelligence", boolean,
     "Act when composite authentication fails for an author of one's own (reason 601).", named,
     false, "True"},
    {"AuthenticationFailAction", text,
     "What becomes of such mail; without HonorDmarcPolicy, of all mail that fails DMARC.", named,
     false, "MoveToJmf", "MoveToJmf|Quarantine"},
    {"HonorDmarcPolicy", boolean, "Do with mail that fails DMARC what its author domain asks for.",
     named, false, "True"},
    {"DmarcQuarantineAction", text, "What becomes of mail that fails a policy of quarantine.",
     named, false, "Quarantine", "MoveToJmf|Quarantine"},
    {"DmarcRejectAction", text,
     "What becomes of mail that fails a policy of reject: 550 5.7.509, or it is kept.", named,
     false, "Reject", "Quarantine|Reject"},
    {"SpoofBlockAction", text,
     "What becomes of mail of a sender whom an administrator forbids this source (reason 002).",
     named, false, "Quarantine", "MoveToJmf|Quarantine|Reject"},
    {"AdminDisplayName", text, "For people."},
    {"SpoofQuarantineTag", text, "Reserved."},
    {"EnableUnauthenticatedSender", boolean, "Reserved."},
    {"EnableViaTag", boolean, "Reserved."},
    {"EnableFirstContactSafetyTips", boolean, "Reserved."},
    {"Enabled", boolean, "Reserved: rules are enabled and disabled."},
}};

constexpr std::array<ParameterSpec, 13> with(const ParameterSpec& first) {
  std::array<ParameterSpec, 13> joined{first};
  std::ranges::copy(shared_parameters, joined.begin() + 1);
  return joined;
}

constexpr auto new_parameters = with({"Name", text, "What the policy is called.", 0, true});
constexpr auto set_parameters =
    with({"Identity", text, "Name or GUID; Default is for everybody without a rule.", 0, true});
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are given.", 0},
};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};

constexpr std::array<Command, 4> commands = {{
    {{"New-AntiPhishPolicy", change, "Creates a policy against forged authors, for a rule to use.",
      new_parameters, "", "New-AntiPhishPolicy Board -AuthenticationFailAction Quarantine"},
     new_policy},
    {{"Get-AntiPhishPolicy", query, "Shows the policies against forged authors.", get_parameters,
      "", "Get-AntiPhishPolicy | Format-List\nGet-AntiPhishPolicy 'Office365 AntiPhish Default'"},
     get_policy},
    {{"Set-AntiPhishPolicy", change, "Changes a policy against forged authors.", set_parameters, "",
      "Set-AntiPhishPolicy Default -DmarcRejectAction Quarantine\n"
      "Set-AntiPhishPolicy Default -HonorDmarcPolicy $false"},
     set_policy},
    {{"Remove-AntiPhishPolicy", change, "Removes a policy that no rule uses.", remove_parameters,
      "", "Remove-AntiPhishPolicy Board -Confirm:$false"},
     remove_policy},
}};

}  // namespace

std::span<const Command> anti_phish_policy_commands() {
  return commands;
}

}  // namespace postern::admin

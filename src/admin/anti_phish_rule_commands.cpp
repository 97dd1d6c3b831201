// New-, Get-, Set-, Enable-, Disable-, Remove-AntiPhishRule: whose mail a policy is for.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "admin/spoof_change.h"
#include "base/ascii.h"
#include "base/wildcard.h"

namespace postern::admin {
namespace {

using directory::AntiPhishRule;
using directory::NameList;
using directory::SpoofProtection;

constexpr std::array<std::string_view, 2> of_groups = {"SentToMemberOf", "ExceptIfSentToMemberOf"};

struct ListParameter {
  std::string_view name;
  NameList AntiPhishRule::* value;
};
constexpr std::array<ListParameter, 4> lists = {{
    {"SentTo", &AntiPhishRule::sent_to},
    {"RecipientDomainIs", &AntiPhishRule::recipient_domain_is},
    {"ExceptIfSentTo", &AntiPhishRule::except_if_sent_to},
    {"ExceptIfRecipientDomainIs", &AntiPhishRule::except_if_recipient_domain_is},
}};

Object describe(const AntiPhishRule& rule, std::size_t priority) {
  Object object = {
      {"Name", rule.name},
      {"Identity", rule.name},
      {"Guid", rule.guid.to_string()},
      {"State", rule.enabled ? "Enabled" : "Disabled"},
      {"Priority", priority},
      {"AntiPhishPolicy", rule.policy},
  };
  for (const ListParameter& one : lists) object.set(one.name, (rule.*one.value).to_vector());
  object.set("Comments", rule.comments);
  object.set("IsValid", true);
  object.set("WhenChangedUTC", rule.when_changed);
  object.kind = "AntiPhishRule";
  return object;
}

Result<void> apply(const Call& call, AntiPhishRule& rule) {
  if (auto fine = refuse_reserved(call, of_groups,
                                  "there are no groups here; name the recipients with SentTo, or "
                                  "their domains with RecipientDomainIs.");
      !fine) {
    return fine;
  }
  if (call.has("Name")) rule.name = call.text("Name");
  if (call.has("AntiPhishPolicy")) rule.policy = call.text("AntiPhishPolicy");
  if (call.has("Comments")) rule.comments = call.text("Comments");
  for (const ListParameter& one : lists) {
    if (call.has(one.name)) rule.*one.value = NameList(call.texts(one.name));
  }
  rule.when_changed = now();
  return {};
}

/// The rule of this name or GUID among the changed ones.
auto find(SpoofProtection& protection, std::string_view identity) {
  const AntiPhishRule* const found = std::as_const(protection).find_rule(identity);
  return std::ranges::find_if(protection.rules,
                              [found](const AntiPhishRule& one) { return &one == found; });
}

/// Puts `rule` at the place that -Priority names, else where it was or at the end.
Result<void> put(const Call& call, SpoofProtection& protection, AntiPhishRule rule,
                 std::size_t otherwise) {
  std::size_t place = otherwise;
  if (const Value* value = call.arguments.find("Priority")) {
    const std::int64_t wanted = *value->get<std::int64_t>();
    if (wanted < 0 || static_cast<std::size_t>(wanted) > protection.rules.size()) {
      return fail(
          fmt::format("Priority: {} is not from 0 to {}.", wanted, protection.rules.size()));
    }
    place = static_cast<std::size_t>(wanted);
  }
  protection.rules.insert(protection.rules.begin() + static_cast<std::ptrdiff_t>(place),
                          std::move(rule));
  return {};
}

CommandResult new_rule(const Call& call) {
  const std::string name = call.text("Name");
  auto done = change_spoof_protection(
      call,
      [&](SpoofProtection& protection) -> Result<void> {
        AntiPhishRule rule;
        rule.guid = new_guid();
        rule.enabled = !call.has("Enabled") || call.flag("Enabled");
        if (auto applied = apply(call, rule); !applied) return applied;
        return put(call, protection, std::move(rule), protection.rules.size());
      },
      fmt::format("Creating anti-phishing rule \"{}\".", name));
  if (!done || call.only_asks()) return done;
  const auto protection = current_protection(call);
  if (const AntiPhishRule* made = protection->find_rule(name)) {
    const auto priority = static_cast<std::size_t>(made - protection->rules.data());
    done->values.emplace_back(describe(*made, priority));
  }
  return done;
}

CommandResult get_rule(const Call& call) {
  const std::string identity = call.text("Identity");
  const SpoofProtection& protection = *call.organization->spoof_protection();
  const bool is_pattern = identity.empty() || identity.contains('*');
  const AntiPhishRule* const named = is_pattern ? nullptr : protection.find_rule(identity);
  if (!is_pattern && named == nullptr) return call.not_found(identity);
  const std::string state = call.text("State");
  Outcome outcome;
  for (std::size_t i = 0; i < protection.rules.size(); ++i) {
    const AntiPhishRule& rule = protection.rules[i];
    const bool wanted =
        is_pattern ? identity.empty() || matches_wildcard(rule.name, identity) : &rule == named;
    const bool in_state = state.empty() || iequals(state, "Enabled") == rule.enabled;
    if (wanted && in_state) outcome.values.emplace_back(describe(rule, i));
  }
  return outcome;
}

/// Calls `edit(protection, rule)` for the rule that the call names.
template <class EditRule>
CommandResult change_rule(const Call& call, std::string_view verb, const EditRule& edit) {
  const std::string identity = call.text("Identity");
  if (call.organization->spoof_protection()->find_rule(identity) == nullptr)
    return call.not_found(identity);
  return change_spoof_protection(
      call,
      [&](SpoofProtection& protection) -> Result<void> {
        const auto rule = find(protection, identity);
        if (rule == protection.rules.end())
          return fail(fmt::format("There is no rule {}.", identity));
        return edit(protection, rule);
      },
      fmt::format("{} anti-phishing rule \"{}\".", verb, identity));
}

CommandResult set_rule(const Call& call) {
  return change_rule(call, "Setting", [&](SpoofProtection& protection, auto at) -> Result<void> {
    AntiPhishRule rule = *at;
    if (auto applied = apply(call, rule); !applied) return applied;
    const auto place = static_cast<std::size_t>(at - protection.rules.begin());
    protection.rules.erase(at);
    return put(call, protection, std::move(rule), place);
  });
}

CommandResult enable_rule(const Call& call) {
  return change_rule(call, "Enabling", [](SpoofProtection&, auto at) -> Result<void> {
    at->enabled = true;
    return {};
  });
}

CommandResult disable_rule(const Call& call) {
  return change_rule(call, "Disabling", [](SpoofProtection&, auto at) -> Result<void> {
    at->enabled = false;
    return {};
  });
}

CommandResult remove_rule(const Call& call) {
  return change_rule(call, "Removing", [](SpoofProtection& protection, auto at) -> Result<void> {
    protection.rules.erase(at);
    return {};
  });
}

using enum ParameterType;
using enum CommandKind;

constexpr std::array<ParameterSpec, 8> shared_parameters = {{
    {"SentTo", list, "Recipients, by any of their addresses."},
    {"RecipientDomainIs", list, "Domains of recipients; exactly these."},
    {"ExceptIfSentTo", list, "Recipients that the rule is not for."},
    {"ExceptIfRecipientDomainIs", list, "Domains of recipients that the rule is not for."},
    {"Priority", number, "Its place among the rules, from 0. The first that applies counts.", named,
     false, "the last"},
    {"Comments", text, "For people."},
    {"SentToMemberOf", list,
     "There are no groups here: SentTo and RecipientDomainIs take its place."},
    {"ExceptIfSentToMemberOf", list, "There are no groups here."},
}};

template <std::size_t count>
constexpr auto with(const std::array<ParameterSpec, count>& first) {
  std::array<ParameterSpec, count + shared_parameters.size()> joined{};
  std::ranges::copy(first, joined.begin());
  std::ranges::copy(shared_parameters, joined.begin() + count);
  return joined;
}

constexpr auto new_parameters = with(std::array<ParameterSpec, 3>{{
    {"Name", text, "What the rule is called.", 0, true},
    {"AntiPhishPolicy", text, "The policy that it is about; a policy has one rule.", named, true},
    {"Enabled", boolean, "A rule that is not enabled is for nobody.", named, false, "True"},
}});
constexpr auto set_parameters = with(std::array<ParameterSpec, 3>{{
    {"Identity", text, "Name or GUID.", 0, true},
    {"Name", text, "A new name."},
    {"AntiPhishPolicy", text, "Another policy."},
}});
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are given.", 0},
    {"State", text, "Only those in this state.", named, false, "", "Enabled|Disabled"},
};
constexpr ParameterSpec one_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};

constexpr std::array<Command, 6> commands = {{
    {{"New-AntiPhishRule", change, "Says whose mail an anti-phishing policy is for.",
      new_parameters, "",
      "New-AntiPhishRule Board -AntiPhishPolicy Board -SentTo ceo@contoso.com,cfo@contoso.com\n"
      "New-AntiPhishRule Sales -AntiPhishPolicy Mild -RecipientDomainIs sales.contoso.com "
      "-ExceptIfSentTo lead@sales.contoso.com -Priority 0"},
     new_rule},
    {{"Get-AntiPhishRule", query, "Shows whose mail the anti-phishing policies are for.",
      get_parameters, "", "Get-AntiPhishRule -State Enabled"},
     get_rule},
    {{"Set-AntiPhishRule", change, "Changes whose mail an anti-phishing policy is for.",
      set_parameters, "", "Set-AntiPhishRule Board -Priority 0 -ExceptIfSentTo $null"},
     set_rule},
    {{"Enable-AntiPhishRule", change, "Lets a rule apply again.", one_parameters, "",
      "Enable-AntiPhishRule Board"},
     enable_rule},
    {{"Disable-AntiPhishRule", change, "Lets a rule apply to nobody.", one_parameters, "",
      "Disable-AntiPhishRule Board"},
     disable_rule},
    {{"Remove-AntiPhishRule", change, "Removes a rule; its policy stays.", one_parameters, "",
      "Remove-AntiPhishRule Board -Confirm:$false"},
     remove_rule},
}};

}  // namespace

std::span<const Command> anti_phish_rule_commands() {
  return commands;
}

}  // namespace postern::admin

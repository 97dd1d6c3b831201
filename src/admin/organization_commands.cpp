// New-, Get-, Remove-Organization; Get-, Set-OrganizationConfig.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "admin/commands.h"
#include "admin/stage_settings.h"
#include "base/wildcard.h"
#include "delivery/next_hop.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

using directory::Organization;
using directory::OrganizationConfig;

/// The switches of Set-OrganizationConfig.
struct Switch {
  std::string_view name;
  bool OrganizationConfig::* value;
};
constexpr std::array<Switch, 6> switches = {{
    {"RejectDirectSend", &OrganizationConfig::reject_direct_send},
    {"RejectDirectSendCheckHeaderFrom", &OrganizationConfig::reject_direct_send_check_header_from},
    {"RejectDirectSendAllowAuthenticated",
     &OrganizationConfig::reject_direct_send_allow_authenticated},
    {"DeferOnTempError", &OrganizationConfig::defer_on_temp_error},
    {"StampExchangeHeaders", &OrganizationConfig::stamp_exchange_headers},
    {"GatewayInFront", &OrganizationConfig::gateway_in_front},
}};

constexpr std::string_view relay_parameter = "RelayNextHop";
constexpr std::string_view digest_parameter = "QuarantineDigest";
constexpr std::string_view digest_hour_parameter = "QuarantineDigestHour";
/// Those that are no switches.
constexpr std::array other_parameters = {
    mode_parameter,  pilot_parameter, percentage_parameter, effective_parameter,
    above_parameter, relay_parameter, digest_parameter,     digest_hour_parameter};

Object describe(const Organization& organization) {
  Object object = {
      {"Name", organization.name()},
      {"Identity", organization.name()},
      {"Guid", organization.guid().to_string()},
      {"AcceptedDomains", organization.domain_count()},
      {"Recipients", organization.recipient_count()},
      {"InboundConnectors", organization.connector_count()},
      {"WhenCreatedUTC", organization.when_created()},
  };
  object.kind = "Organization";
  return object;
}

Object describe_config(const Organization& organization) {
  Object object = {
      {"Name", organization.name()},
      {"Identity", organization.name()},
      {"Guid", organization.guid().to_string()},
  };
  for (const Switch& one : switches) object.set(one.name, organization.config().*one.value);
  describe_stages(organization.config(), object);
  object.set("RelayNextHop", organization.config().relay_next_hop.str());
  object.set("QuarantineDigest", directory::to_string(organization.config().quarantine_digest));
  object.set("QuarantineDigestHour", std::int64_t{organization.config().quarantine_digest_hour});
  object.set("WhenCreatedUTC", organization.when_created());
  object.kind = "OrganizationConfig";
  return object;
}

CommandResult new_organization(const Call& call) {
  const std::string name = call.text("Name");
  if (call.only_asks()) {
    if (auto checked = directory::check_name("Name", name); !checked)
      return refuse(checked.error());
    if (call.snapshot->find_organization(name) != nullptr) {
      return refuse({fmt::format("Name: there is an organization {} already.", name)});
    }
    return what_if(fmt::format("Creating organization \"{}\".", name));
  }
  const auto made = call.services.directory.new_organization(name);
  if (!made) return refuse(made.error());
  return Outcome{{describe(**made)}, {}};
}

CommandResult get_organization(const Call& call) {
  const std::string identity = call.text("Identity");
  Outcome outcome;
  if (!identity.empty() && !identity.contains('*')) {
    const auto found = call.snapshot->find_organization(identity);
    if (found == nullptr || !call.caller.may_see(found->guid())) return call.not_found(identity);
    outcome.values.emplace_back(describe(*found));
    return outcome;
  }
  for (const auto& organization : call.snapshot->organizations()) {
    if (!call.caller.may_see(organization->guid())) continue;
    if (identity.empty() || matches_wildcard(organization->name(), identity)) {
      outcome.values.emplace_back(describe(*organization));
    }
  }
  return outcome;
}

CommandResult remove_organization(const Call& call) {
  const std::string identity = call.text("Identity");
  const auto found = call.snapshot->find_organization(identity);
  if (found == nullptr) return call.not_found(identity);
  if (call.only_asks()) {
    return what_if(fmt::format(
        "Removing organization \"{}\" with {} accepted domains, {} recipients and {} connectors.",
        found->name(), found->domain_count(), found->recipient_count(), found->connector_count()));
  }
  const auto done = call.services.directory.remove_organization(found->name());
  if (!done) return refuse(done.error());
  return Outcome{};
}

CommandResult get_organization_config(const Call& call) {
  Object object = describe_config(*call.organization);
  if (call.services.is_demo) object.set("DemoData", true);
  return Outcome{{std::move(object)}, {}};
}

/// As -NextHop of an accepted domain, but for a folder.
Result<void> check_relay(const Call& call) {
  const std::string text = call.text(relay_parameter);
  if (text.empty()) return {};
  if (const auto hop = delivery::parse_relay(text); !hop)
    return fail(fmt::format("{}: {}", relay_parameter, hop.error().message));
  return {};
}

/// The table lets only the known words through.
Result<void> apply_others(const Call& call, OrganizationConfig& config) {
  if (call.has(relay_parameter)) config.relay_next_hop = call.text(relay_parameter);
  if (call.has(digest_parameter))
    config.quarantine_digest =
        directory::parse_digest_interval(call.text(digest_parameter)).value();
  if (call.has(digest_hour_parameter)) {
    constexpr std::int64_t no_hour = 255;  // the directory refuses it
    const std::int64_t hour = *call.arguments.find(digest_hour_parameter)->get<std::int64_t>();
    config.quarantine_digest_hour =
        static_cast<std::uint8_t>(hour < 0 || hour > no_hour ? no_hour : hour);
  }
  return apply_stages(call, config);
}

CommandResult set_organization_config(const Call& call) {
  std::vector<Switch> given;
  for (const Switch& one : switches) {
    if (call.has(one.name)) given.push_back(one);
  }
  std::vector<std::string_view> others;
  std::ranges::copy_if(other_parameters, std::back_inserter(others),
                       [&](std::string_view name) { return call.has(name); });
  if (given.empty() && others.empty()) {
    return wrong_argument(
        "Nothing is to be set: give at least one parameter, such as -RejectDirectSend.");
  }
  if (auto checked = check_relay(call); !checked) return refuse(checked.error());
  OrganizationConfig wanted = call.organization->config();
  if (auto applied = apply_others(call, wanted); !applied) return refuse(applied.error());
  const std::string& name = call.organization->name();
  if (call.only_asks()) {
    if (auto checked = directory::check_config(std::move(wanted)); !checked)
      return refuse(checked.error());
    Outcome outcome;
    for (const Switch& one : given) {
      const Outcome asked =
          what_if(fmt::format("Setting {} of organization \"{}\" to {}.", one.name, name,
                              call.flag(one.name) ? "True" : "False"));
      outcome.warnings.push_back(asked.warnings.front());
    }
    for (const std::string_view other : others) {
      const Outcome asked =
          what_if(fmt::format("Setting {} of organization \"{}\" to \"{}\".", other, name,
                              call.arguments.find(other)->to_text()));
      outcome.warnings.push_back(asked.warnings.front());
    }
    return outcome;
  }
  const auto done =
      call.services.directory.set_organization_config(name, [&](OrganizationConfig& config) {
        for (const Switch& one : given) config.*one.value = call.flag(one.name);
        // The addresses have been read before.
        static_cast<void>(apply_others(call, config));
      });
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec new_parameters[] = {
    {"Name", text, "What the organization is called.", 0, true},
};
constexpr ParameterSpec get_parameters[] = {
    {"Identity", text, "Name or GUID; * is a wildcard. Without it all are given.", 0},
};
constexpr ParameterSpec remove_parameters[] = {
    {"Identity", text, "Name or GUID.", 0, true},
};
constexpr ParameterSpec set_config_parameters[] = {
    {"RejectDirectSend", boolean,
     "Refuse mail whose reverse-path has one of the organization's own domains, unless a "
     "connector vouches for the client by its address or certificate: "
     "550 5.7.68 TenantInboundAttribution.",
     named, false, "False"},
    {"RejectDirectSendCheckHeaderFrom", boolean,
     "With RejectDirectSend, refuse after the content also mail with an own domain in the From "
     "field and a foreign or null reverse-path, unless a connector vouches for the client, or SPF, "
     "DKIM or a trusted ARC seal proves the domain. No effect without RejectDirectSend.",
     named, false, "False"},
    {"RejectDirectSendAllowAuthenticated", boolean,
     "With RejectDirectSend, let mail through whose own domain in the reverse-path SPF, DKIM or a "
     "trusted ARC seal proves: accepted at RCPT and refused after the content if nothing does. No "
     "effect without RejectDirectSend.",
     named, false, "False"},
    {mode_parameter, text,
     "Audit: what RejectDirectSend would refuse is let in, and the trace and the log say so.",
     named, false, "Enforce", "Enforce|Audit"},
    {pilot_parameter, changeable_list,
     "Where RejectDirectSend is on, only mail to these addresses is refused, the rest is audited. "
     "$null: all is refused."},
    {percentage_parameter, number,
     "Of the sources, how many percent are refused; the rest is audited. A source is the client's "
     "network (/24, IPv6 /48), and one that is among them stays so as the percentage grows.",
     named, false, "100"},
    {effective_parameter, date,
     "Before this time all is audited. Without an offset it is UTC. $null: it is in force."},
    {above_parameter, number,
     "When more refused messages an hour than this come from sources that authenticate, "
     "RejectDirectSendMode becomes Audit by itself, and stays so. 0: never.",
     named, false, "0"},
    {"DeferOnTempError", boolean,
     "Defer a message while the DNS does not answer what SPF, DKIM or DMARC need to judge it: "
     "451 4.4.3.",
     named, false, "False"},
    {"StampExchangeHeaders", boolean,
     "Write what was found out under the names of Exchange, too, such as "
     "X-MS-Exchange-Organization-AuthAs, and promote X-MS-Exchange-CrossPremises fields of own "
     "servers to them: for an Exchange Server behind.",
     named, false, "False"},
    {"RelayNextHop", text,
     "Where mail of the organization's own servers (OnPremises connectors) to other domains goes: "
     "smtp:HOST:PORT or smtp:mx:DOMAIN, with the options of a next hop. $null: [delivery] relay of "
     "the configuration; without that, too, such mail is refused, 550 5.7.64."},
    {"QuarantineDigest", text,
     "Tell recipients by mail what was kept in quarantine for them: every day, or on Mondays.",
     named, false, "Off", "Off|Daily|Weekly"},
    {"QuarantineDigestHour", number, "The hour of the day, UTC, from 0 to 23.", named, false, "7"},
    {"GatewayInFront", boolean,
     "The MX records lead to another service, which hands the mail on: DMARC policies are not "
     "applied, unless Enhanced Filtering finds the true client.",
     named, false, "False"},
};

constexpr std::array<Command, 5> commands = {{
    {{"New-Organization", change, "Creates an organization: a customer with domains of its own.",
      new_parameters, "", "New-Organization -Name Contoso"},
     new_organization,
     Needs::installation},
    {{"Get-Organization", query, "Shows the organizations.", get_parameters, "",
      "Get-Organization"},
     get_organization,
     Needs::nothing},
    {{"Remove-Organization", change,
      "Removes an organization with its domains, recipients and connectors.", remove_parameters, "",
      "Remove-Organization Fabrikam -Confirm:$false"},
     remove_organization,
     Needs::installation},
    {{"Get-OrganizationConfig",
      query,
      "Shows the settings of an organization.",
      {},
      "",
      "Get-OrganizationConfig | Select-Object Identity, RejectDirectSend\n"
      "Get-OrganizationConfig | Select -Expand RejectDirectSend"},
     get_organization_config},
    {{"Set-OrganizationConfig", change, "Changes the settings of an organization.",
      set_config_parameters, "",
      "Set-OrganizationConfig -RejectDirectSend $true\n"
      "Set-OrganizationConfig -RejectDirectSend $true -RejectDirectSendCheckHeaderFrom $true\n"
      "Set-OrganizationConfig -RejectDirectSend $true -RejectDirectSendMode Audit\n"
      "Set-OrganizationConfig -RejectDirectSendPilotRecipients @{Add='ann@contoso.com'}\n"
      "Set-OrganizationConfig -RejectDirectSendPercentage 20 -RejectDirectSendEffectiveFrom "
      "'2026-12-01 20:00' -RejectDirectSendReturnToAuditAbove 20\n"
      "Set-OrganizationConfig -DeferOnTempError $true\n"
      "Set-OrganizationConfig -QuarantineDigest Daily -QuarantineDigestHour 6\n"
      "Set-OrganizationConfig -RelayNextHop 'smtp:smarthost.example:25?tls=verify'"},
     set_organization_config},
}};

}  // namespace

std::span<const Command> organization_commands() {
  return commands;
}

}  // namespace postern::admin

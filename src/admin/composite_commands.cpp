// Get-, Set-CompositeAuthConfig: what the implicit signals weigh.
#include <fmt/format.h>

#include <array>

#include "admin/spoof_change.h"
#include "base/ascii.h"

namespace postern::admin {
namespace {

using directory::composite_settings;
using directory::CompositeAuthConfig;
using directory::CompositeSetting;

constexpr std::string_view only_identity = "Default";

bool names_another(const Call& call) {
  const std::string identity = call.text("Identity");
  return !identity.empty() && !iequals(identity, only_identity);
}

CommandResult get_config(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  const CompositeAuthConfig& config = call.organization->spoof_protection()->composite;
  Object object = {{"Name", only_identity}, {"Identity", only_identity}};
  for (const CompositeSetting& setting : composite_settings)
    object.set(setting.name, config.*setting.value);
  object.kind = "CompositeAuthConfig";
  return Outcome{{std::move(object)}, {}};
}

CommandResult set_config(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  std::string what;
  for (const CompositeSetting& setting : composite_settings) {
    if (!call.has(setting.name)) continue;
    what +=
        fmt::format("{}{} to {}", what.empty() ? "" : ", ", setting.name, call.text(setting.name));
  }
  if (what.empty())
    return wrong_argument(
        "Nothing is to be set: give at least one parameter, such as -SubnetWeight.");
  return change_spoof_protection(
      call,
      [&call](directory::SpoofProtection& protection) -> Result<void> {
        for (const CompositeSetting& setting : composite_settings) {
          if (const Value* value = call.arguments.find(setting.name))
            protection.composite.*setting.value = *value->get<std::int64_t>();
        }
        return {};
      },
      fmt::format("Setting {} of organization \"{}\".", what, call.organization->name()));
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec identity = {
    "Identity", text, "Default: there is one such object in an organization.", 0, false, "Default"};
constexpr ParameterSpec get_parameters[] = {identity};

/// The store's table of numbers, as parameters; the defaults stand in docs.
std::span<const ParameterSpec> set_parameters() {
  static const auto parameters = [] {
    std::array<ParameterSpec, 1 + composite_settings.size()> made{identity};
    for (std::size_t i = 0; i < composite_settings.size(); ++i)
      made[i + 1] = {composite_settings[i].name, number, composite_settings[i].help};
    return made;
  }();
  return parameters;
}

}  // namespace

std::span<const Command> composite_commands() {
  static const std::array<Command, 2> commands = {{
      {{"Get-CompositeAuthConfig", query,
        "Shows what the implicit signals of composite authentication weigh.", get_parameters, "",
        "Get-CompositeAuthConfig"},
       get_config},
      {{"Set-CompositeAuthConfig", change,
        "Says what the implicit signals of composite authentication weigh.", set_parameters(), "",
        "Set-CompositeAuthConfig -SubnetWeight 0\n"
        "Set-CompositeAuthConfig -MailExchangerDomainWeight 100 -PassThreshold 100"},
       set_config},
  }};
  return commands;
}

}  // namespace postern::admin

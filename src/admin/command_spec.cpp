#include "admin/command_spec.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.h"

namespace postern::admin {
namespace {

using enum ParameterType;

// The first ones are ours, the next two belong to changes, the rest to PowerShell.
constexpr std::array<ParameterSpec, 14> all_common = {{
    {"WhatIf", switch_, "Says what would be done and does nothing."},
    {"Confirm", switch_, "With -Confirm:$false the shell does not ask before it removes."},
    {"Organization", text,
     "The organization that is meant. Needed where there are several; the shell's own is chosen "
     "with Connect-ExchangeOnline -Organization."},
    {"Debug", switch_, "Accepted, has no effect."},
    {"ErrorAction", text, "Accepted, has no effect."},
    {"ErrorVariable", text, "Accepted, has no effect."},
    {"InformationAction", text, "Accepted, has no effect."},
    {"InformationVariable", text, "Accepted, has no effect."},
    {"OutBuffer", number, "Accepted, has no effect."},
    {"OutVariable", text, "Accepted, has no effect."},
    {"PipelineVariable", text, "Accepted, has no effect."},
    {"Verbose", switch_, "Accepted, has no effect."},
    {"WarningAction", text, "Accepted, has no effect."},
    {"WarningVariable", text, "Accepted, has no effect."},
}};
constexpr std::size_t first_of_query = 2;
constexpr std::size_t first_of_client = 3;

}  // namespace

std::string_view to_string(ParameterType type) {
  switch (type) {
    case text:
      return "String";
    case boolean:
      return "Boolean";
    case switch_:
      return "SwitchParameter";
    case number:
      return "Int32";
    case date:
      return "DateTime";
    case list:
      return "String[]";
    case changeable_list:
      return "MultiValuedProperty";
    case condition:
      return "ScriptBlock";
    case any:
      return "PSObject";
  }
  std::abort();  // A number that was never a ParameterType: our bug.
}

std::span<const ParameterSpec> common_parameters(CommandKind kind) {
  const std::span<const ParameterSpec> all(all_common);
  switch (kind) {
    case CommandKind::change:
      return all;
    case CommandKind::query:
      return all.subspan(first_of_query);
    case CommandKind::client:
      return all.subspan(first_of_client);
  }
  std::abort();  // A number that was never a CommandKind: our bug.
}

bool is_ignored_parameter(std::string_view name) {
  return std::ranges::any_of(common_parameters(CommandKind::client),
                             [&](const ParameterSpec& known) { return iequals(known.name, name); });
}

}  // namespace postern::admin

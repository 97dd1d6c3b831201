// Get-, Set-ArcConfig.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "admin/commands.h"
#include "base/ascii.h"
#include "directory/validation.h"

namespace postern::admin {
namespace {

using directory::ArcConfig;

/// What Exchange calls the one object of this kind that an organization has.
constexpr std::string_view only_identity = "Default";

bool names_another(const Call& call) {
  const std::string identity = call.text("Identity");
  return !identity.empty() && !iequals(identity, only_identity);
}

CommandResult get_arc_config(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  Object object = {
      {"Name", only_identity},
      {"Identity", only_identity},
      {"ArcTrustedSealers", call.organization->arc_config().trusted_sealers.to_vector()},
  };
  object.kind = "ArcConfig";
  return Outcome{{std::move(object)}, {}};
}

CommandResult set_arc_config(const Call& call) {
  if (names_another(call)) return call.not_found(call.text("Identity"));
  // Not a mandatory parameter, since that could not be $null.
  if (!call.has("ArcTrustedSealers")) {
    return wrong_argument("Nothing is to be set: give -ArcTrustedSealers, with $null for none.");
  }
  const std::string& name = call.organization->name();
  const ArcConfig wanted{.trusted_sealers = call.texts("ArcTrustedSealers")};
  if (call.only_asks()) {
    const auto checked = directory::check_arc_config(wanted);
    if (!checked) return refuse(checked.error());
    return what_if(fmt::format("Setting ArcTrustedSealers of organization \"{}\" to {{{}}}.", name,
                               fmt::join(checked->trusted_sealers.to_vector(), ", ")));
  }
  const auto done = call.services.directory.set_arc_config(
      name, [&wanted](ArcConfig& config) { config = wanted; });
  if (!done) return refuse(done.error());
  return Outcome{};
}

using enum ParameterType;
using enum CommandKind;

constexpr ParameterSpec identity = {
    "Identity", text, "Default: there is one such object in an organization.", 0, false, "Default"};
constexpr ParameterSpec get_parameters[] = {identity};
constexpr ParameterSpec set_parameters[] = {
    identity,
    {"ArcTrustedSealers", list,
     "All the domains whose ARC seals are trusted: d= of their ARC-Seal and ARC-Message-Signature. "
     "What such a sealer found before it passed the mail on counts for composite authentication. "
     "$null: "
     "none is trusted."},
};

constexpr std::array<Command, 2> commands = {{
    {{"Get-ArcConfig", query, "Shows whose ARC seals are trusted.", get_parameters, "",
      "Get-ArcConfig | Select -Expand ArcTrustedSealers"},
     get_arc_config},
    {{"Set-ArcConfig", change, "Says whose ARC seals are trusted.", set_parameters, "",
      "Set-ArcConfig -Identity Default -ArcTrustedSealers lists.example.org,fabrikam.com\n"
      "Set-ArcConfig -ArcTrustedSealers $null"},
     set_arc_config},
}};

}  // namespace

std::span<const Command> arc_commands() {
  return commands;
}

}  // namespace postern::admin

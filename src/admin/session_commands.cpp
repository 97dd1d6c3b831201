#include "admin/session_commands.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/cursor.h"

namespace postern::admin {
namespace {

using enum ParameterType;
using enum CommandKind;

constexpr std::string_view no_effect = "Accepted, has no effect.";

constexpr ParameterSpec connect_parameters[] = {
    {"Organization", text, "The organization that the following cmdlets of this shell mean."},
    {"UserPrincipalName", text, no_effect},
    {"AppId", text, no_effect},
    {"CertificateThumbprint", text, no_effect},
    {"CertificateFilePath", text, no_effect},
    {"DelegatedOrganization", text, no_effect},
    {"Device", switch_, no_effect},
    {"DisableWAM", switch_, no_effect},
    {"ExchangeEnvironmentName", text, no_effect},
    {"ManagedIdentity", switch_, no_effect},
    {"ShowBanner", boolean, no_effect},
    {"ShowProgress", boolean, no_effect},
    {"SkipLoadingFormatData", switch_, no_effect},
    {"SkipLoadingCmdletHelp", switch_, no_effect},
};
constexpr ParameterSpec disconnect_parameters[] = {
    {"Confirm", switch_, no_effect},
};
constexpr ParameterSpec help_parameters[] = {
    {"Name", text, "The cmdlet; without it all are listed.", 0},
    {"Full", switch_, no_effect},
    {"Examples", switch_, no_effect},
};
constexpr ParameterSpec command_parameters[] = {
    {"Name", text, "A name; * and ? are wildcards.", 0},
};

constexpr std::array<CommandSpec, 5> specs = {{
    {"Connect-ExchangeOnline", client, "Chooses the organization that the shell means.",
     connect_parameters, "",
     "Connect-ExchangeOnline -Organization Contoso\n"
     "Connect-ExchangeOnline -UserPrincipalName admin@contoso.com -ShowBanner:$false"},
    {"Disconnect-ExchangeOnline", client, "Forgets the organization again.", disconnect_parameters,
     "", "Disconnect-ExchangeOnline -Confirm:$false"},
    {"Get-Help", client, "Tells what a cmdlet does and takes.", help_parameters, "help|man",
     "Get-Help New-InboundConnector"},
    {"Get-Command", client, "Lists the cmdlets.", command_parameters, "gcm",
     "Get-Command *Connector"},
    {"exit", client, "Leaves the shell.", {}, "quit", ""},
}};

}  // namespace

bool has_alias(std::string_view aliases, std::string_view name) {
  Cursor in(aliases);
  while (!in.at_end()) {
    if (iequals(in.take_while([](char c) { return c != '|'; }), name)) return true;
    in.take('|');
  }
  return false;
}

std::span<const CommandSpec> session_commands() {
  return specs;
}

const CommandSpec* find_session_command(std::string_view name) {
  const auto found = std::ranges::find_if(specs, [&](const CommandSpec& command) {
    return iequals(command.name, name) || has_alias(command.aliases, name);
  });
  return found == specs.end() ? nullptr : &*found;
}

}  // namespace postern::admin

// Settings that somebody thinks of, tried on a directory in memory: what Test-DirectSend compares
// with the settings in force.
//
// A proposal is what would be given to the cmdlets that change the directory, and the cmdlets
// themselves are run, on a directory that is forgotten (store::DirectoryStore::rehearse). So
// whatever they check is checked, and what they learn to set can be proposed.
//
//   -RejectDirectSend $true                                  as of Set-OrganizationConfig
//   -With @{RejectDirectSendAllowAuthenticated=$true}        the same
//   -With @{InboundConnector=@{Name='Scanner'; SenderIPAddresses='198.51.100.7'}}
//   -With 'New-InboundConnector -Name Scanner …'             lines as they would be pasted
//   -Without Printers                                        as if that connector were gone
#pragma once

#include <expected>
#include <memory>

#include "admin/commands.h"

namespace postern::admin {

/// Cmdlets that one -With may run.
inline constexpr std::size_t max_proposed_changes = 1'000;

/// What Test-Message and Test-DirectSend take alike.
struct ProposedSwitch {
  std::string_view name;
  bool directory::OrganizationConfig::* value;
};
std::span<const ProposedSwitch> proposed_switches();

/// The directory as it would be: with the switches that `call` has, its -With and its -Without. The
/// organization of `call` alone can be changed, and only what decides about mail at RCPT.
std::expected<std::unique_ptr<store::DirectoryStore>, CommandError> rehearse_proposals(
    const Call& call);

}  // namespace postern::admin

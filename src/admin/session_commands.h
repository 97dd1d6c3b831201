// The cmdlets by which the shell itself is steered: which organization it means, help.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "admin/command_spec.h"

namespace postern::admin {

std::span<const CommandSpec> session_commands();
/// By name or alias, in any case; null: none of these.
const CommandSpec* find_session_command(std::string_view name);

/// Does `aliases` (`Select|ft`) have `name`, in any case?
bool has_alias(std::string_view aliases, std::string_view name);

/// What Get-Help prints about one cmdlet.
std::string help_text(const CommandSpec& command);
/// `Get-Recipient [[-Identity] <String>] [-ResultSize <String>] …`
std::string syntax_line(const CommandSpec& command);
/// docs/cmdlets.md.
std::string manual();

}  // namespace postern::admin

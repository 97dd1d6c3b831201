// Writes down what a cmdlet changes: who asked, with which parameters, and each property's old
// and new value.
//
// The properties are those that the Get- cmdlet of the same noun shows before and after, so a new
// cmdlet is in the audit log without a line of its own. Passwords and tokens are no properties
// of any object and never get here.
#pragma once

#include "admin/commands.h"

namespace postern::admin {

/// Runs the handler. `call` is one of a cmdlet that changes something, not only asked with -WhatIf,
/// and its services have an audit log.
CommandResult run_audited(const Command& command, const Call& call);

/// `[{"Name":…,"OldValue":…,"NewValue":…}]` of two objects; either may be null.
List changes_between(const Object* before, const Object* after);

std::span<const Command> audit_commands();

}  // namespace postern::admin

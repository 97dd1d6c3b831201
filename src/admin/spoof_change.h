// What the cmdlets of spoof protection share: a change of it as a whole, tried first where only
// asked (-WhatIf).
#pragma once

#include <functional>
#include <string>

#include "admin/commands.h"
#include "directory/spoof_protection.h"

namespace postern::admin {

using SpoofEdit = std::function<Result<void>(directory::SpoofProtection&)>;

/// `what` is the sentence of -WhatIf. Nothing: it is done.
CommandResult change_spoof_protection(const Call& call, const SpoofEdit& edit, std::string what);

/// The organization's now, after the change.
directory::SharedSpoofProtection current_protection(const Call& call);

directory::Guid new_guid();

/// An error if one of `names` is given: a setting that is silently ignored is one that an
/// administrator relies on.
Result<void> refuse_reserved(const Call& call, std::span<const std::string_view> names,
                             std::string_view why);

}  // namespace postern::admin

// The stages of RejectDirectSend (policy/stage.h) among the settings of an organization: as
// parameters of cmdlets and as properties of what they show.
#pragma once

#include <string_view>

#include "admin/commands.h"
#include "directory/objects.h"

namespace postern::admin {

inline constexpr std::string_view mode_parameter = "RejectDirectSendMode";
inline constexpr std::string_view pilot_parameter = "RejectDirectSendPilotRecipients";
inline constexpr std::string_view percentage_parameter = "RejectDirectSendPercentage";
inline constexpr std::string_view effective_parameter = "RejectDirectSendEffectiveFrom";
inline constexpr std::string_view above_parameter = "RejectDirectSendReturnToAuditAbove";

/// Sets what of them is given. What is out of range becomes a value that the directory refuses; an
/// error is about an address.
Result<void> apply_stages(const Call& call, directory::OrganizationConfig& config);

/// All of them; the time is null where there is none.
void describe_stages(const directory::OrganizationConfig& config, Object& object);

}  // namespace postern::admin

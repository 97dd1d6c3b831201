// The way of one recipient's message, step by step: who came, what vouched for it, what SPF and the
// others found, which policy acted, where it went.
#pragma once

#include <vector>

#include "admin/judged_rows.h"
#include "admin/value.h"

namespace postern::admin {

/// In the order in which things are decided: objects with Date, Event, Action, Detail and Data, as
/// Get-MessageTraceDetailV2 gives them.
std::vector<Value> tell_steps(const JudgedRows& rows, std::size_t index);

}  // namespace postern::admin

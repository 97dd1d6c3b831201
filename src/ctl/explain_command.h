// The subcommand `postern explain`: why a message was decided as it was, step by step.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "admin/http_client.h"
#include "admin/value.h"

namespace CLI {
class App;
}

namespace postern::ctl {

/// Adds the subcommand to `app`. What is returned runs it after parsing: 0 it was told, 1 posternd
/// does not know the message or cannot be reached. `endpoint` is read when it runs.
std::function<int()> add_explain_command(CLI::App& app, const admin::Endpoint& endpoint);

/// What Get-MessageTraceDetailV2 gave, for people: a paragraph for each recipient, a line for each
/// step. Nothing that a stranger wrote can move the cursor.
void print_steps(std::ostream& out, const std::vector<admin::Value>& steps);

}  // namespace postern::ctl

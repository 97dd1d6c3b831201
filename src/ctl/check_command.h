// The subcommand `postern check` on the command line: its options, files and exit status.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace postern::ctl {

/// Adds the subcommand to `app`. What is returned runs it after parsing: 0 the message passes,
/// 1 it does not, 2 it could not be checked.
std::function<int()> add_check_command(CLI::App& app);

}  // namespace postern::ctl

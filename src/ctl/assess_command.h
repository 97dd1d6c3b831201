// The subcommand `postern assess` on the command line: its options, progress and exit status.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace postern::ctl {

/// Adds the subcommand to `app`. What is returned runs it after parsing: 0 all files were read,
/// 1 some were, 2 none.
std::function<int()> add_assess_command(CLI::App& app);

}  // namespace postern::ctl

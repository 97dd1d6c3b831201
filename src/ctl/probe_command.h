// The subcommand `postern probe` on the command line: its options, the connection, exit status.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace postern::ctl {

/// Adds the subcommand to `app`. What is returned runs it after parsing: 0 Direct Send is refused
/// for every recipient, 1 it is accepted for one, 2 it could not be found out.
std::function<int()> add_probe_command(CLI::App& app);

}  // namespace postern::ctl

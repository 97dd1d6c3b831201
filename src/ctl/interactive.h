// The interactive shell: editing, history and completion by libedit.
#pragma once

#include "ctl/shell.h"

namespace postern::ctl {

/// Reads lines from the terminal until `exit` or the end of input. History is kept in
/// ~/.postern_history (0600).
void run_interactive(Shell& shell);

/// Columns of the terminal on standard output, or admin::unlimited_width where there is none.
std::size_t terminal_width();

}  // namespace postern::ctl

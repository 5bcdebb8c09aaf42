// SPDX-License-Identifier: BSD-2-Clause
// A live table of workers, listeners, routes and exceptions.
#pragma once

#include "commands/top_options.h"
#include "result.h"

namespace commands {

// Returns 0 when it was told to stop, by a key, a signal, --count or a reader that went away, and when the processes
// named by --pid have ended. Then, as after an error, nothing is attached any more and the terminal is as it was.
Result<int> top(const TopOptions& options);

} // namespace commands

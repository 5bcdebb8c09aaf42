// SPDX-License-Identifier: BSD-2-Clause
// Serves metrics until it is told to stop.
#pragma once

#include "commands/serve_options.h"
#include "result.h"

namespace commands {

// Returns after SIGTERM or SIGINT, or when all processes named by --pid are gone and past their retention time. Then,
// as after an error, nothing is attached any more.
Result<void> serve(const ServeOptions& options);

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "commands/report_options.h"
#include "result.h"

namespace commands {

// Records until the time is over, it is told to stop, or the last Gunicorn has ended, and writes what it has. An
// existing file is replaced only by a whole one. Errors: it cannot observe, or the file cannot be written.
Result<void> report(ReportOptions options);

} // namespace commands

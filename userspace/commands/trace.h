// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "commands/trace_options.h"
#include "result.h"

namespace commands {

// Shows requests until it has shown enough, is told to stop, nobody reads any more, or the last Gunicorn has ended;
// then says what it has learned.
Result<void> trace(TraceOptions options);

} // namespace commands

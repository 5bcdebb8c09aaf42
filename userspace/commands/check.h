// SPDX-License-Identifier: BSD-2-Clause
// Whether serving would work here, what would be measured, and why not the rest.
#pragma once

#include "commands/check_options.h"
#include "result.h"

namespace commands {

// 0 when serving would work, 1 when not. Error: --pid names something else than a Gunicorn.
Result<int> check(const CheckOptions& options);

} // namespace commands

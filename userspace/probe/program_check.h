// SPDX-License-Identifier: BSD-2-Clause
// Which programs this kernel takes from this process: each one loaded and attached for a moment, alone.
#pragma once

#include <vector>

#include "event/probe_report.h"

namespace probe {

// Checks the programs that `serve` loads by default. Takes about a second, observes no process and leaves nothing
// behind.
std::vector<event::ProgramCheck> probe_programs();

} // namespace probe

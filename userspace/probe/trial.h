// SPDX-License-Identifier: BSD-2-Clause
// Which programs this kernel takes from this process: each one loaded and attached for a moment, alone.
#pragma once

#include <vector>

#include "event/probe_report.h"

namespace probe {

// Those that serving with all groups needs. Takes about a second; observes nobody, and leaves nothing behind.
std::vector<event::ProgramTrial> try_programs();

} // namespace probe

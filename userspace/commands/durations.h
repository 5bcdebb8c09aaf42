// SPDX-License-Identifier: BSD-2-Clause
// Spans of time on the command line: numbers with a unit ("500ms", "1.5s", "5m", "1h30m").
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>

namespace commands {

using Milliseconds = std::int64_t;

// For Option::transform, on an option of type Milliseconds: complains about what is no whole number of milliseconds
// from `lowest` to `highest`, both included.
CLI::Validator duration(std::chrono::milliseconds lowest, std::chrono::milliseconds highest);

} // namespace commands

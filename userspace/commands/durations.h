// SPDX-License-Identifier: BSD-2-Clause
// Spans of time on the command line: a number with a unit ("500ms", "2s", "5m", "1h").
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>

namespace commands {

using Milliseconds = std::int64_t;

// For Option::transform, on an option of type Milliseconds.
inline CLI::AsNumberWithUnit duration() {
    const std::map<std::string, Milliseconds> units{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    return CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION");
}

} // namespace commands

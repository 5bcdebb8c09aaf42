// SPDX-License-Identifier: BSD-2-Clause
// Spans of time as they are typed: numbers with a unit ("500ms", "1.5s", "5m", "1h30m").
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "result.h"

namespace commands {

// Error unless it is a whole number of milliseconds from `lowest` to `highest`, both included: what it has to be.
Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds lowest,
                                                 std::chrono::milliseconds highest);

// In the largest unit that divides it: "5m", "90s", "0s".
std::string duration_text(std::chrono::milliseconds span);

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
// Which source line an instruction belongs to. CPython has kept that in three formats, each a run of bytes beside the
// code.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "result.h"

namespace python {

constexpr int kUnitBytes = 2; // of an instruction; its inline caches are units, too

enum class LineFormat {
    kSteps,     // co_lnotab, up to 3.9: how many bytes of code, how many lines
    kRanges,    // co_linetable of 3.10: likewise, with stretches that have no line
    kLocations, // co_linetable since 3.11: with columns
};
LineFormat line_format_of(int minor); // of Python 3

// The line of the instruction that begins at `unit` (from 0); `first_line` is co_firstlineno.
// Nothing for an instruction that belongs to no line, as some that the compiler adds. Error: no table of that format,
// or it ends before `unit`.
Result<std::optional<int>> line_at(LineFormat format, std::span<const std::byte> table, int first_line,
                                   std::size_t unit);

} // namespace python

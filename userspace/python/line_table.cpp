// SPDX-License-Identifier: BSD-2-Clause
// Which source line an instruction belongs to.
#include "python/line_table.h"

#include <cstdint>

namespace python {
namespace {

using Line = Result<std::optional<int>>;

int signed_byte(std::byte byte) { return static_cast<std::int8_t>(byte); }

// Pairs: the next line begins so many bytes on, and is so many lines on. The last line goes on to the end of the code.
Line line_in_steps(std::span<const std::byte> table, int line, std::size_t unit) {
    if (table.size() % 2 != 0) return fail("a table of line steps has a single byte at its end");
    std::size_t at = 0;
    for (; !table.empty(); table = table.subspan(2)) {
        at += std::to_integer<std::size_t>(table[0]);
        if (at > unit * kUnitBytes) break;
        line += signed_byte(table[1]);
    }
    return line;
}

// Pairs: for so many bytes, the line that is so many lines on.
Line line_in_ranges(std::span<const std::byte> table, int line, std::size_t unit) {
    constexpr int kNoLine = -128;
    if (table.size() % 2 != 0) return fail("a table of line ranges has a single byte at its end");
    std::size_t end = 0;
    for (; !table.empty(); table = table.subspan(2)) {
        end += std::to_integer<std::size_t>(table[0]);
        const int step = signed_byte(table[1]);
        if (step != kNoLine) line += step;
        if (end > unit * kUnitBytes) return step == kNoLine ? Line{std::nullopt} : Line{line};
    }
    return fail("a table of line ranges ends before the instruction");
}

// Six bits a byte, the lowest first; another byte follows while bit 6 is set. Nothing when the table ends before.
std::optional<std::uint32_t> variable_number(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (unsigned shift = 0; !bytes.empty() && shift < 32; shift += 6, bytes = bytes.subspan(1)) {
        const auto byte = std::to_integer<std::uint32_t>(bytes[0]);
        value |= (byte & 0x3f) << shift;
        if ((byte & 0x40) == 0) return value;
    }
    return std::nullopt;
}

// The lowest bit is the sign.
std::optional<int> signed_number(std::span<const std::byte> bytes) {
    const auto value = variable_number(bytes);
    if (!value) return std::nullopt;
    const auto size = static_cast<int>(*value >> 1);
    return (*value & 1) != 0 ? -size : size;
}

// Of an entry: how many lines on; `behind` is what follows its first byte.
std::optional<int> step_of(unsigned kind, std::span<const std::byte> behind) {
    constexpr unsigned kFirstOneLine = 10; // 10, 11, 12: so many lines on, with columns
    constexpr unsigned kNoColumns = 13;
    constexpr unsigned kLong = 14;
    if (kind == kNoColumns || kind == kLong) return signed_number(behind);
    return kind >= kFirstOneLine && kind < kNoColumns ? static_cast<int>(kind - kFirstOneLine) : 0;
}

// Entries, each with a byte in front that says its kind and for how many units it is; only those have bit 7 set.
Line line_in_locations(std::span<const std::byte> table, int line, std::size_t unit) {
    constexpr unsigned kFirst = 0x80;
    constexpr unsigned kNone = 15;
    std::size_t end = 0;
    while (!table.empty()) {
        const auto first = std::to_integer<unsigned>(table[0]);
        if ((first & kFirst) == 0) return fail("a table of locations has no entry where one begins");
        const auto kind = first >> 3 & 0xf;
        table = table.subspan(1);
        const auto step = kind == kNone ? std::optional{0} : step_of(kind, table);
        if (!step) return fail("a table of locations ends within a number");
        line += *step;
        end += (first & 7) + 1;
        if (end > unit) return kind == kNone ? Line{std::nullopt} : Line{line};
        while (!table.empty() && (std::to_integer<unsigned>(table[0]) & kFirst) == 0) table = table.subspan(1);
    }
    return fail("a table of locations ends before the instruction");
}

} // namespace

LineFormat line_format_of(int minor) {
    if (minor >= 11) return LineFormat::kLocations;
    return minor == 10 ? LineFormat::kRanges : LineFormat::kSteps;
}

Result<std::optional<int>> line_at(LineFormat format, std::span<const std::byte> table, int first_line,
                                   std::size_t unit) {
    switch (format) {
    case LineFormat::kSteps:
        return line_in_steps(table, first_line, unit);
    case LineFormat::kRanges:
        return line_in_ranges(table, first_line, unit);
    case LineFormat::kLocations:
        return line_in_locations(table, first_line, unit);
    }
    return fail("no format of a line table");
}

} // namespace python

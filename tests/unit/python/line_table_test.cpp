// SPDX-License-Identifier: BSD-2-Clause
// Line tables of every interpreter of this machine against what it says itself of each instruction.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "python/line_table.h"
#include "python_process.h"

namespace python {
namespace {

const std::string kLines = SOURCE_ROOT "/tests/unit/python/lines.py";

std::vector<std::byte> bytes(std::string_view hex) {
    std::vector<std::byte> result;
    for (; hex.size() >= 2; hex.remove_prefix(2))
        result.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(0, 2)), nullptr, 16)));
    return result;
}

class LineTableTest : public testing::TestWithParam<Command> {};

// One function's: each instruction's line.
std::size_t check(LineFormat format, const std::string& said) {
    std::istringstream fields(said);
    int first_line = 0;
    std::string hex;
    fields >> first_line >> hex;
    const auto table = hex == "-" ? std::vector<std::byte>{} : bytes(hex);
    std::size_t unit = 0;
    std::size_t count = 0;
    int expected = 0;
    for (char colon = 0; fields >> count >> colon >> expected;) {
        for (; count > 0; --count, ++unit) {
            const auto line = line_at(format, table, first_line, unit);
            EXPECT_TRUE(line) << line.error().text << " at " << unit << " of " << said;
            if (!line) return unit;
            EXPECT_EQ(line->value_or(0), expected) << "at " << unit << " of " << said;
        }
    }
    if (format != LineFormat::kSteps) {
        EXPECT_FALSE(line_at(format, table, first_line, unit)) << "behind the end of " << said;
    }
    return unit;
}

TEST_P(LineTableTest, EachInstructionHasTheLineThatPythonSays) {
    PythonProcess process(GetParam(), {"-S", "-B", kLines});
    std::vector<std::string> functions;
    auto line = process.line();
    for (; !line.starts_with("minor"); line = process.line()) functions.push_back(line);
    const auto format = line_format_of(std::stoi(line.substr(6)));
    std::size_t units = 0;
    for (const auto& function : functions) units += check(format, function);
    EXPECT_GT(functions.size(), 60u);
    EXPECT_GT(units, 3000u);
}

INSTANTIATE_TEST_SUITE_P(Python, LineTableTest, testing::ValuesIn(interpreters_here()));

TEST(LineTable, WhatIsNoTableIsAnError) {
    EXPECT_FALSE(line_at(LineFormat::kSteps, bytes("0001ff"), 1, 0));
    EXPECT_FALSE(line_at(LineFormat::kRanges, bytes("0401ff"), 1, 0));
    EXPECT_FALSE(line_at(LineFormat::kRanges, bytes("0401"), 1, 2));
    EXPECT_FALSE(line_at(LineFormat::kRanges, {}, 1, 0));
    EXPECT_FALSE(line_at(LineFormat::kLocations, {}, 1, 0));
    EXPECT_FALSE(line_at(LineFormat::kLocations, bytes("01"), 1, 0));     // begins within an entry
    EXPECT_FALSE(line_at(LineFormat::kLocations, bytes("e8"), 1, 0));     // ends where its number begins
    EXPECT_FALSE(line_at(LineFormat::kLocations, bytes("e84040"), 1, 0)); // ends within it
    EXPECT_FALSE(line_at(LineFormat::kLocations, bytes("d80000"), 1, 1)); // ends before the instruction
}

TEST(LineTable, StretchesWithoutALine) {
    EXPECT_EQ(*line_at(LineFormat::kRanges, bytes("0280"), 7, 0), std::nullopt);
    EXPECT_EQ(*line_at(LineFormat::kRanges, bytes("02800202"), 7, 1), std::optional{9});
    EXPECT_EQ(*line_at(LineFormat::kLocations, bytes("f8d80000"), 7, 0), std::nullopt);
    EXPECT_EQ(*line_at(LineFormat::kLocations, bytes("f8d80000"), 7, 1), std::optional{8});
}

} // namespace
} // namespace python

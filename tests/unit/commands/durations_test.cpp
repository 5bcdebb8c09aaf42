// SPDX-License-Identifier: BSD-2-Clause
// Spans of time as they are typed.
#include <gtest/gtest.h>

#include <string>

#include "commands/durations.h"

namespace {

using namespace std::chrono_literals;

// The milliseconds that an option is given for what was typed, or what is said of it.
std::string read(const std::string& text, std::chrono::milliseconds lowest = 200ms,
                 std::chrono::milliseconds highest = 24h) {
    const auto span = commands::parse_duration(text, lowest, highest);
    return span ? std::to_string(span->count()) : span.error().text;
}

TEST(Durations, AreNumbersWithUnits) {
    EXPECT_EQ(read("200ms"), "200");
    EXPECT_EQ(read("2s"), "2000");
    EXPECT_EQ(read("5m"), "300000");
    EXPECT_EQ(read("24h"), "86400000");
}

TEST(Durations, MayHaveAFraction) {
    EXPECT_EQ(read("1.5s"), "1500");
    EXPECT_EQ(read("0.5h"), "1800000");
    EXPECT_EQ(read("1.1s"), "1100");
    EXPECT_EQ(read("4.35s"), "4350") << "4349.999… as a binary fraction";
    EXPECT_EQ(read("1.0005s"), "has to be whole milliseconds, not 1.0005s");
}

TEST(Durations, AddUp) {
    EXPECT_EQ(read("1h30m"), "5400000");
    EXPECT_EQ(read("1m 30s"), "90000");
    EXPECT_EQ(read(" 1 s 500 ms "), "1500");
}

TEST(Durations, OutOfRangeAreRefusedInTheirOwnUnits) {
    EXPECT_EQ(read("24h1ms"), "has to be from 200ms to 24h, not 24h1ms");
    EXPECT_EQ(read("0s"), "has to be from 200ms to 24h, not 0s");
    EXPECT_EQ(read("99999999999999999999h"), "has to be from 200ms to 24h, not 99999999999999999999h");
    EXPECT_EQ(read("-1s", 0s, 90s), "has to be a number with a unit, such as 500ms, 1.5s, 5m or 1h30m, not '-1s'");
    EXPECT_EQ(read("91s", 0s, 90s), "has to be from 0s to 90s, not 91s");
}

TEST(Durations, WhatIsNoneIsRefused) {
    for (const auto* text :
         {"", " ", "5", "s", "5 days", "5S", "1.s.", "inf s", "nan s", "0x10s", "1e3s", "1s,", "ms1", "+1s"})
        EXPECT_EQ(read(text),
                  std::string("has to be a number with a unit, such as 500ms, 1.5s, 5m or 1h30m, not '") + text + "'");
}

} // namespace

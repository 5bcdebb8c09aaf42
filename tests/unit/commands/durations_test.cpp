// SPDX-License-Identifier: BSD-2-Clause
// Spans of time as they are typed.
#include <gtest/gtest.h>

#include <string>

#include "commands/durations.h"

namespace {

using namespace std::chrono_literals;

// The milliseconds that an option is given for what was typed, or what is said of it.
std::string read(std::string text) {
    const auto complaint = commands::duration(200ms, 24h)(text);
    return complaint.empty() ? text : complaint;
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
    std::string none = "-1s";
    EXPECT_EQ(commands::duration(0s, 90s)(none),
              "has to be a number with a unit, such as 500ms, 1.5s, 5m or 1h30m, not '-1s'");
    std::string long_one = "91s";
    EXPECT_EQ(commands::duration(0s, 90s)(long_one), "has to be from 0s to 90s, not 91s");
}

TEST(Durations, WhatIsNoneIsRefused) {
    for (const auto* text :
         {"", " ", "5", "s", "5 days", "5S", "1.s.", "inf s", "nan s", "0x10s", "1e3s", "1s,", "ms1", "+1s"})
        EXPECT_EQ(read(text),
                  std::string("has to be a number with a unit, such as 500ms, 1.5s, 5m or 1h30m, not '") + text + "'");
}

} // namespace

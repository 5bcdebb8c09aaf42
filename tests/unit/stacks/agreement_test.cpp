// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "stacks/agreement.h"

namespace stacks {
namespace {

// A chain of calls, outermost first, as a look has it: each frame lies behind its caller's.
Look look(std::initializer_list<std::pair<python::Address, std::uint64_t>> calls) {
    Look look;
    python::Address at = 0x1000;
    for (const auto& [code, instruction] : calls) {
        const auto previous = look.empty() ? 0 : look.front().at;
        look.insert(look.begin(), {.at = at, .previous = previous, .code = code, .instruction = instruction});
        at += 0x80;
    }
    return look;
}

TEST(Agreement, TheInnermostMayMoveOn) {
    EXPECT_TRUE(agree(look({{1, 10}, {2, 20}}), look({{1, 10}, {2, 20}})));
    EXPECT_TRUE(agree(look({{1, 10}, {2, 20}}), look({{1, 10}, {2, 24}})));
}

TEST(Agreement, ACallerMayNot) {
    EXPECT_FALSE(agree(look({{1, 10}, {2, 20}}), look({{1, 12}, {2, 20}})));
    EXPECT_FALSE(agree(look({{1, 10}, {2, 20}, {3, 30}}), look({{1, 10}, {2, 22}, {3, 30}})));
}

TEST(Agreement, OtherCodeInTheSamePlaceIsAnotherCall) {
    EXPECT_FALSE(agree(look({{1, 10}, {2, 20}}), look({{1, 10}, {3, 20}})));
    EXPECT_FALSE(agree(look({{1, 10}, {2, 20}}), look({{1, 10}})));
    EXPECT_FALSE(agree(look({{1, 10}}), look({{1, 10}, {2, 20}})));
    EXPECT_FALSE(agree({}, {}));
}

TEST(Agreement, InCommonIsWhatBothHaveOnTheWayIn) {
    const auto first = look({{1, 10}, {2, 20}, {3, 30}});
    EXPECT_EQ(in_common(first, look({{1, 10}, {2, 20}, {4, 40}})), look({{1, 10}, {2, 20}}));
    EXPECT_EQ(in_common(first, look({{1, 10}, {2, 20}})), look({{1, 10}, {2, 20}}));
    EXPECT_TRUE(in_common(first, look({{9, 10}, {2, 20}, {3, 30}})).empty());
}

TEST(Agreement, TheOneThatWentOnToCallSomethingElseIsInCommon) {
    const auto second = look({{1, 10}, {2, 24}, {4, 40}});
    EXPECT_EQ(in_common(look({{1, 10}, {2, 20}, {3, 30}}), second), look({{1, 10}, {2, 24}}));
}

TEST(Agreement, TheSameCodeBehindAnotherCallIsNotInCommon) {
    // The caller went on, so what it calls now is another call, even of the same function.
    const auto second = look({{1, 14}, {2, 20}});
    EXPECT_EQ(in_common(look({{1, 10}, {2, 20}}), second), look({{1, 14}}));
}

TEST(Agreement, AFrameOfTheInterpreterIsNotWhereAStackEnds) {
    auto first = look({{1, 10}, {0, 0}, {3, 30}});
    auto second = look({{1, 10}, {0, 0}, {4, 40}});
    first[1].of_interpreter = second[1].of_interpreter = true;
    EXPECT_EQ(in_common(first, second), look({{1, 10}}));
}

TEST(Agreement, WhatEndedMeanwhileIsNoRoot) {
    const auto whole = look({{1, 10}, {2, 20}});
    const auto later = look({{1, 14}, {3, 30}});
    EXPECT_EQ(of_most_frequent_root({look({{2, 20}}), whole, look({{3, 30}}), later}), (std::vector{whole, later}));
    EXPECT_EQ(in_common({whole, later}), look({{1, 14}}));
}

} // namespace
} // namespace stacks

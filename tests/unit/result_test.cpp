// SPDX-License-Identifier: BSD-2-Clause
// Propagation of failures: the value is moved out, the error is returned as it is, and nothing runs after it.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "result.h"

namespace {

Result<std::unique_ptr<int>> make(int value) {
    if (value < 0) return fail("negative");
    return std::make_unique<int>(value);
}

Result<void> check(bool good) {
    if (!good) return fail("bad");
    return {};
}

Result<std::map<int, int>> pair(int key, int value) { return std::map<int, int>{{key, value}}; }

Result<int> sum(int left, int right) {
    TRY(const auto first, make(left));
    TRY(auto second, make(right));
    *second += *first;
    return *second;
}

Result<std::string> checked(bool good, int& calls) {
    TRY_VOID(check(good));
    calls++;
    return "done";
}

TEST(Try, GivesTheValue) {
    EXPECT_EQ(sum(2, 3), 5);
    int calls = 0;
    EXPECT_EQ(checked(true, calls), "done");
    EXPECT_EQ(calls, 1);
}

TEST(Try, ReturnsTheFirstError) {
    const auto failed = sum(2, -1);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text, "negative");
    int calls = 0;
    const auto unchecked = checked(false, calls);
    ASSERT_FALSE(unchecked);
    EXPECT_EQ(unchecked.error().text, "bad");
    EXPECT_EQ(calls, 0);
}

TEST(Try, TakesAnExpressionWithCommas) {
    const auto value = []() -> Result<int> {
        TRY(const auto pairs, pair(1, 2));
        return pairs.at(1);
    }();
    EXPECT_EQ(value, 2);
}

TEST(Try, LeavesANamedResultAsItIs) {
    const Result<std::string> kept = "text";
    const auto copy = [&]() -> Result<std::string> {
        TRY(auto text, kept);
        return text + "!";
    }();
    EXPECT_EQ(copy, "text!");
    EXPECT_EQ(kept, "text");
}

} // namespace

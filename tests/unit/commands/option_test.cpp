// SPDX-License-Identifier: BSD-2-Clause
// What an option's value has to look like, and where it goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "commands/option.h"

namespace {

using namespace std::chrono_literals;
using commands::Option;

std::string error_of(const Result<void>& assigned) { return assigned ? "" : assigned.error().text; }

TEST(Option, OfANumberIsAssignedWithinItsRange) {
    unsigned limit = 200;
    const Option option{.name = "limit", .target = commands::WholeNumber(limit, 1, 1000)};
    EXPECT_EQ(default_of(option), "200");
    EXPECT_EQ(range_of(option), "1 to 1000");
    EXPECT_EQ(error_of(assign(option, {"17"})), "");
    EXPECT_EQ(limit, 17U);
    for (const auto* wrong : {"0", "1001", "x", "1.5", "-1", ""})
        EXPECT_EQ(error_of(assign(option, {wrong})),
                  std::string("has to be a whole number from 1 to 1000, not ") + wrong);
    EXPECT_EQ(limit, 17U);
}

TEST(Option, OfATimeGoesIntoWhateverUnitItsTargetHas) {
    std::chrono::nanoseconds slower_than{0};
    std::chrono::seconds retention{300};
    std::optional<std::chrono::milliseconds> duration;
    const Option optional{.name = "duration", .target = commands::Duration(duration, 1ms, 1h)};
    EXPECT_EQ(error_of(commands::assign({.name = "slower-than", .target = commands::Duration(slower_than, 0s, 1h)},
                                        {"1.5s"})),
              "");
    EXPECT_EQ(
        error_of(commands::assign({.name = "retention", .target = commands::Duration(retention, 0s, 1h)}, {"2m"})), "");
    EXPECT_EQ(default_of(optional), "");
    EXPECT_EQ(error_of(assign(optional, {"30s"})), "");
    EXPECT_EQ(slower_than, 1500ms);
    EXPECT_EQ(retention, 2min);
    EXPECT_EQ(duration, 30s);
}

TEST(Option, OfASwitchTakesTheWordsForTrueAndFalseOnly) {
    bool on = true;
    const Option option{.name = "sizes", .target = &on, .negatable = true};
    EXPECT_EQ(default_of(option), "on");
    EXPECT_THAT(spellings_of(option), testing::ElementsAre("--sizes", "--no-sizes"));
    EXPECT_EQ(error_of(assign(option, {"off"})), "");
    EXPECT_FALSE(on);
    EXPECT_EQ(error_of(assign(option, {"maybe"})), "has to be true or false, not maybe");
}

TEST(Option, ThatMayBeRepeatedReplacesItsDefault) {
    std::vector<std::string> addresses{":9091"};
    const Option option{.name = "web.listen-address", .target = &addresses};
    EXPECT_TRUE(is_repeatable(option));
    EXPECT_EQ(value_of(option), "ADDRESS");
    EXPECT_EQ(default_of(option), ":9091");
    EXPECT_EQ(error_of(assign(option, {":1", ":2"})), "");
    EXPECT_THAT(addresses, testing::ElementsAre(":1", ":2"));
}

TEST(Option, OfAChoiceNamesTheWords) {
    std::string level = "info";
    const Option option{.name = "log-level", .target = commands::Choice{&level, {"info", "warn"}}};
    EXPECT_EQ(value_of(option), "info|warn");
    EXPECT_EQ(error_of(assign(option, {"loud"})), "has to be one of info, warn, not loud");
    EXPECT_EQ(level, "info");
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "stacks/profile.h"

namespace stacks {
namespace {

const Stack kPay{{"main", "shop.py", 1}, {"pay", "shop.py", 20}};
const Stack kShip{{"main", "shop.py", 2}, {"ship", "shop.py", 30}};

Profile of(std::initializer_list<Sample> samples, std::size_t most = Profile::kMaxStacks) {
    Profile profile(most);
    for (const auto& sample : samples) profile.add(sample);
    return profile;
}

TEST(Profile, CountsByStackAndState) {
    const auto profile = of({{kPay, State::kRunning}, {kPay, State::kWaiting}, {kPay, State::kWaiting, true}});
    ASSERT_EQ(profile.stacks().size(), 1u);
    EXPECT_EQ(profile.stacks().at(kPay).of(State::kRunning), 1u);
    EXPECT_EQ(profile.stacks().at(kPay).of(State::kWaiting), 2u);
    EXPECT_EQ(profile.counts().total(), 3u);
    EXPECT_EQ(profile.cut(), 1u);
}

TEST(Profile, TheMostFrequentStackWhateverTheThreadDid) {
    EXPECT_EQ(Profile().most_frequent(), nullptr);
    const auto profile = of({{kPay, State::kRunning}, {kShip, State::kRunning}, {kShip, State::kWaiting}});
    ASSERT_NE(profile.most_frequent(), nullptr);
    EXPECT_EQ(profile.most_frequent()->first, kShip);
    EXPECT_EQ(profile.most_frequent()->second.total(), 2u);
}

TEST(Profile, KeepsNoMoreStacksThanToldAndCountsTheRest) {
    const auto profile = of({{kPay, State::kRunning}, {kShip, State::kRunning}, {kPay, State::kWaiting}}, 1);
    EXPECT_EQ(profile.stacks().size(), 1u);
    EXPECT_EQ(profile.not_kept(), 1u);
    EXPECT_EQ(profile.counts().total(), 3u);
}

TEST(Profile, AddsUp) {
    auto all = of({{kPay, State::kRunning}});
    auto other = of({{kPay, State::kRunning}, {kShip, State::kWaiting, true}, {kPay, State::kWaiting}}, 1);
    other.add(Rejection::kMoved);
    all.add(other);
    all.add(Rejection::kEnded);
    EXPECT_EQ(all.stacks().at(kPay).of(State::kRunning), 2u);
    EXPECT_EQ(all.stacks().at(kPay).of(State::kWaiting), 1u);
    EXPECT_EQ(all.stacks().size(), 1u);
    EXPECT_EQ(all.not_kept(), 1u);
    EXPECT_EQ(all.counts().total(), 4u);
    EXPECT_EQ(all.counts().of(State::kWaiting), 2u);
    EXPECT_EQ(all.cut(), 1u);
    EXPECT_EQ(all.rejections().of(Rejection::kMoved), 1u);
    EXPECT_EQ(all.rejections().total(), 2u);
}

} // namespace
} // namespace stacks

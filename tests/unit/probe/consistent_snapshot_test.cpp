// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "probe/consistent_snapshot.h"

namespace probe {
namespace {

// What the kernel does in between: a step per copy, the last one again and again.
class Counting {
public:
    explicit Counting(std::vector<contract::worker_totals> steps) : steps_(std::move(steps)) {}
    bool operator()(contract::worker_totals& copy) {
        copy = steps_[std::min(copies, steps_.size() - 1)];
        copies++;
        return true;
    }
    std::size_t copies = 0;

private:
    std::vector<contract::worker_totals> steps_;
};

contract::worker_totals counted(contract::u64 in_histogram, contract::u64 in_responses) {
    contract::worker_totals totals{};
    totals.duration_buckets[0] = in_histogram;
    totals.responses[100] = in_responses;
    return totals;
}

TEST(ConsistentSnapshot, OfWhatStandsStillTakesTwo) {
    Counting kernel({counted(5, 5)});
    const auto copy = consistent_snapshot(std::ref(kernel));
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->responses[100], 5u);
    EXPECT_EQ(kernel.copies, 2u);
}

TEST(ConsistentSnapshot, WaitsForAResponseThatIsBeingCounted) {
    Counting kernel({counted(6, 5), counted(6, 5), counted(6, 5), counted(6, 6)});
    const auto copy = consistent_snapshot(std::ref(kernel));
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->responses[100], 6u);
}

TEST(ConsistentSnapshot, DoesNotTrustSumsThatAreEqualByChance) {
    // One response was counted before the histogram was copied, another after it and before the responses were.
    auto torn = counted(6, 5);
    torn.responses[304] = 1;
    Counting kernel({torn, counted(7, 7)});
    const auto copy = consistent_snapshot(std::ref(kernel));
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->duration_buckets[0], 7u);
}

TEST(ConsistentSnapshot, GivesUpOnWhatNeverStandsStill) {
    contract::u64 count = 0;
    EXPECT_FALSE(consistent_snapshot([&](contract::worker_totals& copy) {
        count++;
        copy = counted(count, count);
        return true;
    }));
    EXPECT_FALSE(consistent_snapshot(Counting({counted(6, 5)})));
}

TEST(ConsistentSnapshot, FailsWithTheRead) {
    EXPECT_FALSE(consistent_snapshot([](contract::worker_totals&) { return false; }));
}

} // namespace
} // namespace probe

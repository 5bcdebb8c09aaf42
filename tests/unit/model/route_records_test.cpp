// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <numeric>

#include "model/route_records.h"

using namespace std::chrono_literals;
using model::RouteKey;

namespace {

const RouteKey kHello{"GET", "/hello"};
const RouteKey kOther{"other", "other"};

event::Totals totals(std::map<int, std::uint64_t> responses, std::map<std::size_t, std::uint64_t> buckets,
                     std::chrono::nanoseconds sum = 0ns) {
    event::Totals totals;
    totals.responses = std::move(responses);
    for (const auto& [bucket, count] : buckets) totals.duration.buckets[bucket] = count;
    totals.duration.sum = sum;
    return totals;
}

std::uint64_t count(const model::Route& route) {
    return std::accumulate(route.durations.buckets.begin(), route.durations.buckets.end(), std::uint64_t{0});
}

class RouteRecords : public testing::Test {
protected:
    model::RouteRecords records;
    std::map<RouteKey, model::Route> routes;
};

TEST_F(RouteRecords, ACountedResponseIsPublishedUnderItsRoute) {
    records.add({kHello, 200, 5ms});
    records.add({kHello, 404, 5ms + 1ns});
    records.publish(totals({{200, 1}, {404, 1}}, {{0, 1}, {1, 1}}, 10ms), routes);
    ASSERT_EQ(routes.size(), 1u);
    EXPECT_EQ(routes[kHello].responses, (std::map<int, std::uint64_t>{{200, 1}, {404, 1}}));
    EXPECT_EQ(routes[kHello].durations.buckets[0], 1u); // bounds are inclusive
    EXPECT_EQ(routes[kHello].durations.buckets[1], 1u);
}

TEST_F(RouteRecords, ARecordNewerThanTheCountsWaits) {
    records.add({kHello, 200, 1ms});
    records.publish(totals({}, {}), routes);
    EXPECT_TRUE(routes.empty());
    records.publish(totals({{200, 1}}, {{0, 1}}), routes);
    EXPECT_EQ(routes[kHello].responses[200], 1u);
}

TEST_F(RouteRecords, WhatWasLostIsOtherWithItsDurations) {
    records.add({kHello, 200, 1ms});
    records.publish(totals({{200, 3}}, {{0, 2}, {7, 1}}, 402ms), routes);
    EXPECT_EQ(routes[kHello].responses[200], 1u);
    EXPECT_EQ(routes[kOther].responses[200], 2u);
    EXPECT_EQ(routes[kOther].durations.buckets[0], 1u);
    EXPECT_EQ(routes[kOther].durations.buckets[7], 1u);
    EXPECT_EQ(routes[kOther].durations.sum, 401ms);
    // Should it turn up after all, it was published already.
    records.add({kHello, 200, 1ms});
    records.add({kHello, 200, 400ms});
    records.add({kHello, 200, 2ms});
    records.publish(totals({{200, 4}}, {{0, 3}, {7, 1}}, 404ms), routes);
    EXPECT_EQ(routes[kHello].responses[200], 2u);
    EXPECT_EQ(routes[kOther].responses[200], 2u);
    EXPECT_EQ(count(routes[kHello]) + count(routes[kOther]), 4u);
}

TEST_F(RouteRecords, MoreThanCanWaitIsLostAndCounted) {
    for (int i = 0; i < 60'000; i++) records.add({kHello, 200, 1ms});
    records.publish(totals({{200, 60'000}}, {{0, 60'000}}), routes);
    EXPECT_EQ(routes[kHello].responses[200] + routes[kOther].responses[200], 60'000u);
    EXPECT_EQ(count(routes[kHello]) + count(routes[kOther]), 60'000u);
}

TEST_F(RouteRecords, RenamingTouchesOnlyWhatIsNotPublished) {
    records.add({kHello, 200, 1ms});
    records.publish(totals({{200, 1}}, {{0, 1}}), routes);
    records.add({kHello, 200, 1ms});
    records.rename_unpublished([](std::string_view) { return "other"; });
    records.publish(totals({{200, 2}}, {{0, 2}}), routes);
    EXPECT_EQ(routes[kHello].responses[200], 1u);
    EXPECT_EQ((routes[RouteKey{"GET", "other"}].responses[200]), 1u);
}

} // namespace

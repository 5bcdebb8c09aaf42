// SPDX-License-Identifier: BSD-2-Clause
// A worker's counts: every field, and that both sides mean the same buckets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decode.h"

namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(Totals, OfAProcessThatDidNothing) {
    const auto totals = event::decode(contract::worker_totals{});
    EXPECT_EQ(totals.requests(), 0u);
    EXPECT_TRUE(totals.responses.empty());
    EXPECT_EQ(totals.duration.sum.count(), 0);
    EXPECT_EQ(totals.connections.size(), std::size_t{contract::CONNECTION_KINDS});
    EXPECT_EQ(totals.unserved_requests, 0u);
}

TEST(Totals, Durations) {
    contract::worker_totals raw{};
    for (unsigned i = 0; i < contract::DURATION_BUCKETS; i++) raw.duration_buckets[i] = i + 1;
    raw.duration_sum_ns = 123'456'789'012;
    const auto totals = event::decode(raw);
    EXPECT_THAT(totals.duration.buckets, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    EXPECT_EQ(totals.duration.sum.count(), 123'456'789'012);
    EXPECT_EQ(totals.requests(), 120u);
}

TEST(Totals, BothSidesMeanTheSameBuckets) {
    const std::uint64_t kernel[] = DURATION_BOUNDS_NS;
    ASSERT_EQ(std::size(kernel), event::kDurationBounds);
    ASSERT_EQ(std::size(kernel), std::size_t{contract::DURATION_BOUNDS});
    for (std::size_t i = 0; i < std::size(kernel); i++)
        EXPECT_DOUBLE_EQ(static_cast<double>(kernel[i]) / 1e9, event::kDurationBoundsSeconds[i]);
}

TEST(Totals, Responses) {
    contract::worker_totals raw{};
    raw.responses[100 - contract::STATUS_FIRST] = 1;
    raw.responses[200 - contract::STATUS_FIRST] = 20;
    raw.responses[404 - contract::STATUS_FIRST] = 4;
    raw.responses[999 - contract::STATUS_FIRST] = 9;
    raw.responses[contract::STATUS_UNREADABLE] = 3;
    EXPECT_THAT(event::decode(raw).responses,
                ElementsAre(Pair(0, 3), Pair(100, 1), Pair(200, 20), Pair(404, 4), Pair(999, 9)));
}

TEST(Totals, Ends) {
    contract::worker_totals raw{};
    raw.incomplete[contract::BY_CLIENT] = 1;
    raw.incomplete[contract::BY_SERVER] = 2;
    raw.incomplete[contract::BY_EXIT] = 3;
    raw.aborted[contract::BY_CLIENT] = 4;
    raw.aborted[contract::BY_SERVER] = 5;
    raw.aborted[contract::BY_EXIT] = 6;
    raw.unserved = 7;
    raw.protocol_errors[contract::ERROR_RESPONSE] = 8;
    raw.protocol_errors[contract::ERROR_BYTES] = 9;
    const auto totals = event::decode(raw);
    EXPECT_EQ(totals.incomplete.client, 1u);
    EXPECT_EQ(totals.incomplete.server, 2u);
    EXPECT_EQ(totals.incomplete.worker_exit, 3u);
    EXPECT_EQ(totals.aborted.client, 4u);
    EXPECT_EQ(totals.aborted.server, 5u);
    EXPECT_EQ(totals.aborted.worker_exit, 6u);
    EXPECT_EQ(totals.unserved_requests, 7u);
    EXPECT_EQ(totals.unexpected_responses, 8u);
    EXPECT_EQ(totals.unexpected_bytes, 9u);
}

TEST(Totals, UnknownWaits) {
    contract::worker_totals raw{};
    raw.unknown_waits[contract::WAIT_ACCEPT] = 1;
    raw.unknown_waits[contract::WAIT_FIRST_READ] = 2;
    raw.unknown_waits[contract::WAIT_NEXT_READ] = 3;
    const auto totals = event::decode(raw);
    EXPECT_EQ(totals.unknown_accept_waits, 1u);
    EXPECT_EQ(totals.unknown_read_waits, 2u);
    EXPECT_EQ(totals.unknown_next_read_waits, 3u);
}

TEST(Totals, Connections) {
    contract::worker_totals raw{};
    for (unsigned kind = 0; kind < contract::CONNECTION_KINDS; kind++) raw.connections[kind] = kind + 1;
    EXPECT_THAT(event::decode(raw).connections,
                UnorderedElementsAre(Pair("http", 1), Pair("empty", 2), Pair("partial", 3), Pair("aborted", 4),
                                     Pair("tls", 5), Pair("http2", 6), Pair("opaque", 7), Pair("adopted", 8)));
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <algorithm>

#include "report/requests.h"
#include "samples.h"

namespace report_test {
namespace {

std::string path_of(std::size_t number) {
    std::string path = "/";
    return path += std::to_string(number);
}

class Requests : public testing::Test {
protected:
    void add(const trace::Request& request) { requests.add(request); }

    report::Requests requests{report::Columns(kBegan, 30s)};
};

TEST_F(Requests, AreCountedByTheSecondOfTheirEndAndByDuration) {
    add(request(100ms, 5ms)); // le 0.005 is inclusive
    add(request(900ms, 6ms));
    add(request(2500ms, 20s, "/orders", 503));
    ASSERT_EQ(requests.columns().size(), 3u);
    EXPECT_EQ(requests.columns()[0].durations[0], 1u);
    EXPECT_EQ(requests.columns()[0].durations[1], 1u);
    EXPECT_EQ(requests.columns()[1].durations, report::Buckets{});
    EXPECT_EQ(requests.columns()[2].durations.back(), 1u);
    EXPECT_EQ(requests.columns()[2].failed, 1u);
    EXPECT_EQ(requests.ended(), 3u);
    EXPECT_EQ(requests.failed(), 1u);
}

TEST_F(Requests, BelongToTheirRouteWithWhereTimeWent) {
    add(request(1s, 40ms));
    add(request(2s, 80ms));
    auto unknown = request(3s, 10ms);
    unknown.time.parts.reset();
    add(unknown);
    const auto& route = requests.routes().at({"GET", "/orders"});
    EXPECT_EQ(route.durations.count(), 3u);
    EXPECT_EQ(route.divided, 120ms);
    const auto part = [&](auto member) {
        return route.parts.at(static_cast<std::size_t>(std::ranges::find(trace::kParts, member, &trace::Part::member) -
                                                       trace::kParts.begin()));
    };
    EXPECT_EQ(part(&event::Parts::on_cpu), 90ms);
    EXPECT_EQ(part(&event::Parts::sleeping), 30ms);
}

TEST_F(Requests, BeyondTheLimitOfRoutesAreTogether) {
    const auto many = report::kMaxRoutes + 20;
    for (std::size_t i = 0; i < many; i++) add(request(1s, 1ms, path_of(i)));
    EXPECT_EQ(requests.routes().size(), report::kMaxRoutes + 1);
    EXPECT_EQ(requests.routes().at({"GET", "other"}).durations.count(), 20u);
    EXPECT_EQ(requests.ended(), many);
}

TEST_F(Requests, FailWithAStatusOrAnException) {
    auto raised = request(1s, 1ms, "/orders", 500);
    raised.exception = "KeyError";
    add(raised);
    add(raised);
    auto after_head = request(1s, 1ms);
    after_head.exception = "ValueError";
    add(after_head);
    add(request(1s, 1ms, "/nowhere", 404));
    EXPECT_EQ(requests.errors().at({"KeyError", "GET", "/orders"}), 2u);
    EXPECT_EQ(requests.errors().at({"ValueError", "GET", "/orders"}), 1u);
    EXPECT_EQ(requests.failed_by_route().at({500, "GET", "/orders"}), 2u);
    EXPECT_EQ(requests.failed_by_route().at({404, "GET", "/nowhere"}), 1u);
    EXPECT_EQ(requests.failed(), 3u);
    EXPECT_EQ(requests.left_out(), 0u);
}

TEST_F(Requests, ErrorsWithoutRoomAreCounted) {
    for (std::size_t i = 0; i < report::kMaxErrors + 7; i++) add(request(1s, 1ms, path_of(i), 404));
    EXPECT_EQ(requests.failed_by_route().size(), report::kMaxErrors);
    EXPECT_EQ(requests.left_out(), 7u);
    EXPECT_EQ(requests.failed(), report::kMaxErrors + 7);
}

TEST_F(Requests, TheSlowestAreKeptWhole) {
    for (int i = 1; i <= 200; i++) add(request(1s, std::chrono::milliseconds((i * 37) % 200)));
    const auto slowest = requests.slowest();
    ASSERT_EQ(slowest.size(), report::kSlowest);
    for (std::size_t i = 0; i < slowest.size(); i++)
        EXPECT_EQ(slowest[i].duration, std::chrono::milliseconds(199 - static_cast<int>(i)));
}

TEST_F(Requests, PeersAddUp) {
    auto waited = request(1s, 90ms);
    waited.time.peers = {{"10.0.0.5:5432", 40ms}, {"/run/s", 10ms}};
    add(waited);
    add(waited);
    EXPECT_EQ(requests.peers().at("10.0.0.5:5432"), 80ms);
    EXPECT_EQ(requests.peers().at("/run/s"), 20ms);
}

} // namespace
} // namespace report_test

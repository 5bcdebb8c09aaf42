// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <initializer_list>

#include "top/distribution.h"
#include "top/exceptions.h"
#include "top/rows.h"

namespace {

using namespace std::chrono_literals;

event::Histogram histogram(std::initializer_list<double> values) {
    event::Histogram result;
    for (const auto value : values) {
        std::size_t bucket = 0;
        while (bucket < event::kDurationBounds && value > event::kDurationBoundsSeconds[bucket]) bucket++;
        result.buckets[bucket]++;
        result.sum += std::chrono::nanoseconds(static_cast<std::int64_t>(value * 1e9));
    }
    return result;
}

model::Worker worker(std::uint32_t age, pid_t pid, std::initializer_list<double> durations) {
    model::Worker result{.id = "worker_" + std::to_string(age) + "_1700000000", .pid = pid};
    result.gauges = model::WorkerGauges{.uptime_seconds = 5, .use = {.memory_bytes = 1 << 20}, .cpu_percent = 12.5};
    result.counted = true;
    result.totals.duration = histogram(durations);
    result.totals.responses[200] = durations.size();
    return result;
}

model::Snapshot snapshot(std::vector<model::Worker> workers) {
    model::Target target;
    target.master_pid = 100;
    target.facts["app"] = "shop:app";
    target.workers = std::move(workers);
    model::Snapshot result;
    result.measured.routes = true;
    result.targets.push_back(std::move(target));
    return result;
}

class Rows : public testing::Test {
protected:
    void at(std::chrono::milliseconds when, model::Snapshot what) { window_.add({top::Time(when), std::move(what)}); }
    top::TargetRows rows() {
        const auto all = top::rows_of(window_);
        EXPECT_EQ(all.size(), 1u);
        return all.front();
    }

    top::Window window_{10s};
};

TEST(Distribution, SaysTheBucketThatAPercentileIsIn) {
    // 100 values: 94 of 1 ms, 5 of 300 ms, one of 20 s.
    event::Histogram values;
    values.buckets[0] = 94;
    values.buckets[7] = 5;
    values.buckets[event::kDurationBounds] = 1;
    EXPECT_EQ(top::percentile(values, 0.50), (top::Bound{0.005, false}));
    EXPECT_EQ(top::percentile(values, 0.94), (top::Bound{0.005, false}));
    EXPECT_EQ(top::percentile(values, 0.95), (top::Bound{0.5, false}));
    EXPECT_EQ(top::percentile(values, 0.99), (top::Bound{0.5, false}));
    EXPECT_EQ(top::percentile(values, 1.00), (top::Bound{10, true}));
}

TEST(Distribution, OfNothingKnowsNothing) {
    EXPECT_FALSE(top::percentile({}, 0.5));
    EXPECT_FALSE(top::average({}));
}

TEST(Distribution, AverageIsExact) { EXPECT_NEAR(*top::average(histogram({0.1, 0.2, 0.6})), 0.3, 1e-9); }

TEST(Distribution, GrownIsWhatCameSince) {
    const auto before = histogram({0.001, 0.2});
    const auto grown = top::grown(histogram({0.001, 0.2, 0.2, 3.0}), &before);
    EXPECT_EQ(top::count(grown), 2u);
    EXPECT_NEAR(*top::average(grown), 1.6, 1e-9);
}

TEST(Distribution, OneThatShrankIsAnother) {
    const auto before = histogram({0.2, 0.2, 0.2});
    EXPECT_EQ(top::count(top::grown(histogram({0.2}), &before)), 1u);
}

TEST_F(Rows, OneSnapshotHasNoRates) {
    at(0s, snapshot({worker(1, 11, {0.01, 0.01})}));
    const auto row = rows().workers.at(0);
    EXPECT_FALSE(row.requests_per_second);
    EXPECT_FALSE(row.busy_percent);
    EXPECT_EQ(row.durations.count, 0u);
    EXPECT_EQ(row.requests, 2u);
    EXPECT_EQ(row.state, "idle");
}

TEST_F(Rows, RatesAreOfTheLastIntervalAndDurationsOfAllThatIsKept) {
    at(0s, snapshot({worker(1, 11, {})}));
    at(2s, snapshot({worker(1, 11, {0.2, 0.2, 0.2, 0.2})}));
    at(4s, snapshot({worker(1, 11, {0.2, 0.2, 0.2, 0.2, 3.0})}));
    const auto row = rows().workers.at(0);
    EXPECT_DOUBLE_EQ(*row.requests_per_second, 0.5);
    EXPECT_EQ(row.durations.count, 5u);
    EXPECT_EQ(row.durations.p50, (top::Bound{0.25, false}));
    EXPECT_EQ(row.durations.p99, (top::Bound{5.0, false}));
    EXPECT_DOUBLE_EQ(*rows().requests_per_second, 0.5);
}

TEST_F(Rows, TheWindowForgetsWhatIsOld) {
    at(0s, snapshot({worker(1, 11, {})}));
    at(1s, snapshot({worker(1, 11, {3.0})}));
    for (int second = 2; second <= 11; second++) at(std::chrono::seconds(second), snapshot({worker(1, 11, {3.0})}));
    EXPECT_EQ(rows().workers.at(0).durations.count, 0u);
    EXPECT_DOUBLE_EQ(window_.wide().seconds(), 10);
}

TEST_F(Rows, AWindowShorterThanTheIntervalIsOneInterval) {
    at(0s, snapshot({worker(1, 11, {})}));
    at(60s, snapshot({worker(1, 11, {0.2})}));
    at(120s, snapshot({worker(1, 11, {0.2, 0.2, 0.2})}));
    EXPECT_EQ(rows().workers.at(0).durations.count, 2u);
    EXPECT_DOUBLE_EQ(window_.wide().seconds(), 60);
}

TEST_F(Rows, ErrorsAreServerErrorsAndRequestsWithoutAnAnswer) {
    at(0s, snapshot({worker(1, 11, {})}));
    auto after = worker(1, 11, {0.1, 0.1, 0.1, 0.1});
    after.totals.responses = {{200, 1}, {404, 1}, {500, 1}, {503, 1}};
    after.totals.aborted.client = 2;
    at(2s, snapshot({after}));
    EXPECT_DOUBLE_EQ(*rows().workers.at(0).errors_per_second, 2);
}

TEST_F(Rows, BusyIsAPartOfTheInterval) {
    auto before = worker(1, 11, {});
    before.totals.activity.busy = 7s;
    auto after = before;
    after.totals.activity = {.in_flight = 1, .open_connections = 1, .busy = 7500ms};
    at(0s, snapshot({before}));
    at(2s, snapshot({after}));
    const auto row = rows().workers.at(0);
    EXPECT_DOUBLE_EQ(*row.busy_percent, 25);
    EXPECT_EQ(row.in_flight, 1u);
    EXPECT_EQ(row.state, "busy");
}

TEST_F(Rows, BusyIsNeverMoreThanAll) {
    auto after = worker(1, 11, {});
    after.totals.activity.busy = 2003ms; // the counts are read a moment before the clock
    at(0s, snapshot({worker(1, 11, {})}));
    at(2s, snapshot({after}));
    EXPECT_DOUBLE_EQ(*rows().workers.at(0).busy_percent, 100);
}

TEST_F(Rows, WhatIsNotMeasuredIsNotKnown) {
    auto without = snapshot({worker(1, 11, {})});
    without.measured.activity = false;
    at(0s, without);
    at(1s, without);
    EXPECT_FALSE(rows().workers.at(0).busy_percent);
    EXPECT_FALSE(rows().workers.at(0).in_flight);
}

TEST_F(Rows, AWorkerThatCameHasBegunWithNothing) {
    at(0s, snapshot({worker(1, 11, {0.1})}));
    at(1s, snapshot({worker(1, 11, {0.1}), worker(2, 12, {0.1, 0.1})}));
    EXPECT_DOUBLE_EQ(*rows().workers.at(1).requests_per_second, 2);
    EXPECT_DOUBLE_EQ(*rows().requests_per_second, 2);
}

TEST_F(Rows, ARestartedWorkerIsNotTheOneBefore) {
    at(0s, snapshot({worker(1, 11, {0.1, 0.1, 0.1})}));
    auto reborn = worker(2, 11, {0.1, 0.1, 0.1, 0.1}); // the same pid, another start
    reborn.id = "worker_2_1700000099";
    at(1s, snapshot({reborn}));
    EXPECT_DOUBLE_EQ(*rows().workers.at(0).requests_per_second, 4);
}

TEST_F(Rows, ACorrectedAgeIsTheSameWorker) {
    at(0s, snapshot({worker(1, 11, {0.1, 0.1, 0.1})}));
    at(1s, snapshot({worker(7, 11, {0.1, 0.1, 0.1, 0.1})}));
    EXPECT_DOUBLE_EQ(*rows().workers.at(0).requests_per_second, 1);
}

TEST_F(Rows, AWorkerThatEndedHasCountsAndNoGauges) {
    at(0s, snapshot({worker(1, 11, {0.1})}));
    auto ended = worker(1, 11, {0.1, 0.1});
    ended.gauges.reset();
    at(1s, snapshot({ended}));
    const auto row = rows().workers.at(0);
    EXPECT_EQ(row.state, "ended");
    EXPECT_FALSE(row.in_flight);
    EXPECT_FALSE(row.memory_bytes);
    EXPECT_EQ(row.requests, 2u);
}

TEST_F(Rows, AWorkerThatIsNotObservedHasNoNumbers) {
    auto unknown = worker(1, 11, {});
    unknown.counted = false;
    at(0s, snapshot({unknown}));
    at(1s, snapshot({unknown}));
    const auto row = rows().workers.at(0);
    EXPECT_EQ(row.state, "no room");
    EXPECT_FALSE(row.requests);
    EXPECT_FALSE(row.requests_per_second);
}

TEST_F(Rows, TheSlowestRouteOnAverageComesFirst) {
    auto before = snapshot({worker(1, 11, {})});
    before.targets[0].routes[{"GET", "/slow"}] = {{{200, 1}}, histogram({9.0})};
    auto after = before;
    after.targets[0].routes[{"GET", "/slow"}] = {{{200, 2}, {500, 1}}, histogram({9.0, 0.3, 0.5})};
    after.targets[0].routes[{"GET", "/fast"}] = {{{200, 1}}, histogram({0.001})};
    at(0s, before);
    at(2s, after);
    const auto routes = rows().routes;
    ASSERT_EQ(routes.size(), 2u);
    EXPECT_EQ(routes[0].endpoint, "/slow");
    EXPECT_NEAR(*routes[0].durations.average, 0.4, 1e-9);
    EXPECT_DOUBLE_EQ(routes[0].requests_per_second, 1);
    EXPECT_DOUBLE_EQ(routes[0].errors_per_second, 0.5);
}

TEST_F(Rows, ARouteWithoutRequestsInTheWindowIsLeftOut) {
    auto same = snapshot({worker(1, 11, {})});
    same.targets[0].routes[{"GET", "/"}] = {{{200, 1}}, histogram({0.1})};
    at(0s, same);
    at(1s, same);
    EXPECT_TRUE(rows().routes.empty());
}

TEST_F(Rows, ListenersHaveTheirStateAndWhatWasDropped) {
    auto before = snapshot({worker(1, 11, {})});
    before.targets[0].listeners["127.0.0.1:8000"] = {.waiting = 1, .limit = 2048, .dropped = 3};
    auto after = before;
    after.targets[0].listeners["127.0.0.1:8000"] = {.waiting = 9, .limit = 2048, .dropped = 7};
    at(0s, before);
    at(2s, after);
    const auto row = rows().listeners.at(0);
    EXPECT_EQ(row.state.waiting, 9u);
    EXPECT_EQ(row.state.limit, 2048u);
    EXPECT_DOUBLE_EQ(*row.dropped_per_second, 2);
}

TEST_F(Rows, WaitsOfAllWorkersAreTakenTogether) {
    auto one = worker(1, 11, {});
    auto two = worker(2, 12, {});
    at(0s, snapshot({one, two}));
    one.totals.accept_waits = histogram({0.1});
    two.totals.accept_waits = histogram({0.3});
    at(1s, snapshot({one, two}));
    EXPECT_EQ(rows().accept_waits.count, 2u);
    EXPECT_NEAR(*rows().accept_waits.average, 0.2, 1e-9);
}

TEST(LastExceptions, AreWhatGrewNewestFirstAndNotMoreThanAsked) {
    auto before = snapshot({worker(1, 11, {})});
    before.targets[0].workers[0].errors[{"GET", "/", "KeyError"}] = 5;
    auto middle = before;
    middle.targets[0].workers[0].errors[{"GET", "/", "KeyError"}] = 8;
    auto after = middle;
    after.targets[0].workers[0].errors[{"POST", "/buy", "ValueError"}] = 1;
    top::LastExceptions last(2);
    last.take(before, before);
    EXPECT_TRUE(last.list().empty());
    last.take(before, middle);
    ASSERT_EQ(last.list().size(), 1u);
    EXPECT_EQ(last.list()[0].times, 3u);
    last.take(middle, after);
    ASSERT_EQ(last.list().size(), 2u);
    EXPECT_EQ(last.list()[0].type, "ValueError");
    EXPECT_EQ(last.list()[0].endpoint, "/buy");
    last.take(before, middle);
    EXPECT_EQ(last.list().size(), 2u);
    EXPECT_EQ(last.list()[1].type, "ValueError");
}

} // namespace

// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <string>

#include "model/model.h"
#include "model/shown_answers.h"
#include "tree_fixture.h"

using namespace std::chrono_literals;

namespace {

constexpr auto kRetention = 300s;

class ShownAnswers : public testing::Test {
protected:
    // A worker's failures: `count` in all, of which these records are new.
    void fail(event::Slot slot, pid_t pid, std::uint64_t count, const std::string& path, int times) {
        event::Totals totals;
        totals.responses = {{500, count}};
        totals.duration.buckets[0] = count;
        for (int i = 0; i < times; i++) {
            event::Responded event{};
            event.slot = slot;
            event.pid = pid;
            event.status = 500;
            event.request_line = "GET " + path + " HTTP/1.1";
            event.exception = "KeyError";
            model.on(event);
        }
        model.set_totals(slot, totals);
    }
    model::Target at(std::chrono::nanoseconds since_boot) {
        return model.snapshot(masters, {unix_time(1100), since_boot}, true, {}).targets.at(0);
    }

    model::Model model{model::Options{.endpoint_limit = 1, .retention = kRetention}};
    std::vector<gunicorn::Master> masters{master(100, {worker(101, 1, 1, 5050), worker(102, 2, 2, 5050)})};
    const model::FailedKey failed{"GET", "/a", 500};
    const model::ErrorKey error{"GET", "/a", "KeyError"};
};

TEST_F(ShownAnswers, SumOverWorkersAlsoWhenOneHasEnded) {
    fail(1, 101, 2, "/a", 2);
    fail(2, 102, 3, "/a", 3);
    EXPECT_EQ(at(100s).failed.at(failed).count, 5u);
    EXPECT_EQ(at(100s).errors.at(error).count, 5u) << "asked for twice";
    masters[0].workers.erase(masters[0].workers.begin());
    model.forget(1);
    fail(2, 102, 4, "/a", 1);
    EXPECT_EQ(at(101s).failed.at(failed).count, 6u);
    EXPECT_EQ(at(101s).errors.at(error).count, 6u);
    EXPECT_EQ(at(101s).failed.size(), 1u);
}

TEST_F(ShownAnswers, WhatWasNotPublishedBeforeTheWorkerIsForgottenCounts) {
    fail(1, 101, 0, "/a", 0);
    at(100s);
    fail(1, 101, 2, "/a", 2);
    masters[0].workers.erase(masters[0].workers.begin());
    model.forget(1);
    EXPECT_EQ(at(101s).failed.at(failed).count, 2u);
}

TEST_F(ShownAnswers, LostRecordsCountAsOther) {
    fail(1, 101, 2, "/a", 1);
    const auto target = at(100s);
    EXPECT_EQ(target.failed.at(failed).count, 1u);
    EXPECT_EQ((target.failed.at({"other", "other", 500}).count), 1u);
}

TEST_F(ShownAnswers, AreRecentForTheRetentionTime) {
    fail(1, 101, 1, "/a", 1);
    EXPECT_TRUE(at(100s).failed.at(failed).is_recent);
    EXPECT_TRUE(at(100s + kRetention).errors.at(error).is_recent);
    EXPECT_FALSE(at(101s + kRetention).failed.at(failed).is_recent);
    EXPECT_EQ(at(101s + kRetention).failed.at(failed).count, 1u);
    fail(2, 102, 1, "/a", 1);
    EXPECT_TRUE(at(102s + kRetention).failed.at(failed).is_recent);
    EXPECT_EQ(at(102s + kRetention).failed.at(failed).count, 2u);
}

TEST_F(ShownAnswers, MakeRoomForAnotherEndpointWhenTheyAreNotRecentAndAWorkerIsForgotten) {
    fail(1, 101, 1, "/a", 1);
    at(100s);
    model.forget(1);
    fail(2, 102, 1, "/b", 1);
    EXPECT_TRUE((at(101s).failed.contains({"GET", "other", 500}))) << "/a is recent";
    at(101s + kRetention);
    model.forget(1);
    model.set_totals(1, {});
    at(102s + kRetention);
    model.forget(1);
    EXPECT_FALSE(at(102s + kRetention).failed.contains(failed));
    fail(2, 102, 2, "/c", 1);
    EXPECT_TRUE((at(103s + kRetention).failed.contains({"GET", "/c", 500})));
}

} // namespace

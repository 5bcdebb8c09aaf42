// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "report/timeline.h"
#include "samples.h"

namespace report_test {
namespace {

TEST(Columns, AreWholeSecondsAndNeverTooMany) {
    const report::Columns brief(kBegan, 30s);
    EXPECT_EQ(brief.width(), 1s);
    EXPECT_EQ(brief.at(kBegan - 5s), 0u);
    EXPECT_EQ(brief.at(kBegan + 1999ms), 1u);
    const report::Columns hour(kBegan, 3600s);
    EXPECT_EQ(hour.width(), 6s);
    EXPECT_EQ(hour.at(kBegan + 3599s), 599u);
    EXPECT_EQ(hour.at(kBegan + 10h), report::kMaxColumns - 1);
}

TEST(Timeline, BusyIsTheShareOfTheTimeSinceTheSnapshotBefore) {
    report::Timeline timeline(report::Columns(kBegan, 30s));
    timeline.add(snapshot(100ms, 10s));
    timeline.add(snapshot(1100ms, 10250ms, 1));
    timeline.add(snapshot(3100ms, 12250ms));
    ASSERT_EQ(timeline.workers().size(), 1u);
    const auto& moments = timeline.workers()[0].moments;
    ASSERT_EQ(moments.size(), 4u);
    EXPECT_FALSE(moments[0].busy); // the first has nothing before it
    EXPECT_DOUBLE_EQ(moments[1].busy.value(), 0.25);
    EXPECT_FALSE(moments[2].state); // no snapshot in that second
    EXPECT_DOUBLE_EQ(moments[3].busy.value(), 1.0);
    EXPECT_EQ(moments[3].memory_bytes, 1000u);
    ASSERT_EQ(timeline.counts().size(), 4u);
    EXPECT_EQ(timeline.counts()[1]->busy, 1u);
    EXPECT_EQ(timeline.counts()[3]->busy, 0u);
    EXPECT_FALSE(timeline.counts()[2]);
}

TEST(Timeline, WorkersComeAndGo) {
    report::Timeline timeline(report::Columns(kBegan, 30s));
    timeline.add(snapshot(0ms, 0ms));
    auto later = snapshot(1s, 0ms);
    later.targets[0].workers[0].gauges.reset(); // ended
    auto born = snapshot(1s, 0ms).targets[0].workers[0];
    born.id = "worker_2_1700000001";
    later.targets[0].workers.push_back(born);
    timeline.add(later);
    ASSERT_EQ(timeline.workers().size(), 2u);
    EXPECT_EQ(timeline.workers()[0].moments.size(), 1u);
    EXPECT_EQ(timeline.workers()[1].id, "worker_2_1700000001");
    EXPECT_FALSE(timeline.workers()[1].moments[0].state);
    EXPECT_EQ(timeline.counts()[1]->all, 1u);
}

TEST(Timeline, ListenersAndTargets) {
    report::Timeline timeline(report::Columns(kBegan, 30s));
    timeline.add(snapshot(0ms, 0ms));
    auto gone = snapshot(1s, 0ms);
    gone.targets[0].facts.clear();
    gone.targets[0].listeners.clear();
    timeline.add(gone);
    const auto& line = timeline.listeners().at("tcp 127.0.0.1:8000");
    EXPECT_EQ(line.limit, 100u);
    ASSERT_EQ(line.waiting.size(), 1u);
    EXPECT_EQ(line.waiting[0], 3u);
    EXPECT_EQ(timeline.targets().at(10).at("app"), "shop:app");
}

} // namespace
} // namespace report_test

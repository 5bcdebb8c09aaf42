// SPDX-License-Identifier: BSD-2-Clause
// What is kept of what has ended, where it is kept and how much of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "scene.h"

namespace gunicorn {
namespace {

class Retention : public testing::Test {
protected:
    void SetUp() override { scene.start_family(); }
    static std::ptrdiff_t forgotten(const std::vector<Request>& requests) {
        return std::ranges::count(requests, Request::Kind::forget, &Request::kind);
    }
    ProcessTree& tree() { return scene.tree(); }
    Scene scene;
};

TEST_F(Retention, ADeadWorkersSlotIsToBeReleasedAtOnce) {
    EXPECT_TRUE(tree().departed().empty());
    scene.leave(101);
    const auto requests = tree().departed();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_TRUE(releases(requests, 101));
    EXPECT_TRUE(tree().retain(scene.slot_of(101), 70001));
    EXPECT_EQ(scene.worker(101).slot, 0u);
    EXPECT_EQ(scene.worker(101).retained, 70001u);
    EXPECT_TRUE(tree().departed().empty());
}

TEST_F(Retention, AReleasedSlotOfAnotherProcessIsNobodysHere) {
    EXPECT_FALSE(tree().retain(scene.slot_of(101), 70001)) << "it lives";
    EXPECT_FALSE(tree().retain(999, 70001));
    EXPECT_EQ(scene.worker(101).retained, 0u);
}

TEST_F(Retention, AMastersSlotIsNeededByItsLastWorker) {
    scene.leave(100, SIGKILL);
    scene.leave(101);
    EXPECT_FALSE(releases(tree().departed(), 100));
    scene.leave(102);
    EXPECT_TRUE(releases(tree().departed(), 100));
    tree().retain(scene.slot_of(100), 0);
    EXPECT_FALSE(releases(tree().departed(), 100));
}

TEST_F(Retention, CountsAreForgottenWhenTheTimeIsOver) {
    scene.leave(101);
    tree().retain(scene.slot_of(101), 70001);
    scene.pass(299s);
    EXPECT_TRUE(tree().forget_dead().empty());
    scene.pass(1s);
    const auto requests = tree().forget_dead();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].kind, Request::Kind::forget);
    EXPECT_EQ(requests[0].retained, 70001u);
    EXPECT_EQ(tree().dropped(), 0u);
}

TEST_F(Retention, ACrashLoopDropsItsOwnOldestOnly) {
    scene.start_master(200);
    scene.start_worker(201, 200);
    scene.scan();
    scene.leave(201);
    tree().retain(scene.slot_of(201), 80000);
    for (pid_t pid = 1000; pid < 1300; pid++) {
        scene.bear(pid, 100);
        scene.pass(10ms);
        scene.leave(pid, SIGKILL);
        tree().retain(scene.slot_of(pid), static_cast<std::uint64_t>(70000 + pid));
        scene.pass(10ms);
    }
    const auto requests = tree().forget_dead();
    EXPECT_EQ(forgotten(requests), 44);
    EXPECT_EQ(tree().dropped(), 44u);
    EXPECT_FALSE(scene.has_worker(1043));
    EXPECT_TRUE(scene.has_worker(1044));
    EXPECT_TRUE(scene.has_worker(201)) << "another application's";
    EXPECT_TRUE(scene.has_worker(102)) << "it lives";
    EXPECT_EQ(scene.exits(100, ExitReason::killed), 300u) << "totals stay";
}

TEST_F(Retention, EndedMastersAreBounded) {
    for (pid_t pid = 1000; pid < 1140; pid++) {
        scene.start_master(pid);
        scene.start_worker(pid + 1000, pid);
        scene.scan();
        scene.leave(pid + 1000);
        tree().retain(scene.slot_of(pid + 1000), static_cast<std::uint64_t>(70000 + pid));
        scene.leave(pid);
        scene.pass(10ms);
    }
    EXPECT_EQ(forgotten(tree().forget_dead()), 12);
    EXPECT_EQ(tree().dropped(), 12u);
    EXPECT_EQ(tree().masters().size(), 1u + 128u);
    EXPECT_FALSE(scene.has_worker(2011));
    EXPECT_TRUE(scene.has_worker(2012));
}

} // namespace
} // namespace gunicorn

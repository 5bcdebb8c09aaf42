// SPDX-License-Identifier: BSD-2-Clause
// From the record of a fork to a worker.
#include <gtest/gtest.h>

#include <csignal>

#include "scene.h"

namespace gunicorn {
namespace {

using enum Request::Kind;

class Births : public testing::Test {
protected:
    void SetUp() override {
        scene.start_master(100);
        scene.start_worker(101, 100);
        scene.pass(2s);
        scene.scan();
        scene.pass(20s);
    }
    Scene scene;
};

TEST_F(Births, AForkThatHoldsAHeartbeatFileOfItsOwnIsAWorker) {
    scene.start_worker(102, 100);
    EXPECT_TRUE(scene.forked(102, 100).empty());
    EXPECT_TRUE(scene.tree().has_provisional());
    EXPECT_FALSE(scene.has_worker(102));
    EXPECT_TRUE(scene.confirm().empty());
    EXPECT_FALSE(scene.tree().has_provisional());
    EXPECT_EQ(scene.worker(102).id(), "worker_2_1700001022");
    EXPECT_EQ(scene.worker(102).state_since, scene.now());
    EXPECT_EQ(scene.worker(102).slot, scene.slot_of(102));
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST_F(Births, AFreshForkHoldsItsSiblingsFilesUntilItClosesThem) {
    scene.start_worker(102, 100);
    auto own = scene.process(102);
    scene.process(102).files = scene.process(100).files;
    scene.show(102);
    scene.forked(102, 100);
    scene.confirm();
    EXPECT_FALSE(scene.has_worker(102));
    scene.pass(50ms);
    scene.process(102) = own;
    scene.show(102);
    scene.confirm();
    EXPECT_TRUE(scene.has_worker(102));
}

TEST_F(Births, AgesGoByTheOrderOfForks) {
    for (const pid_t pid : {105, 104, 103, 102}) {
        scene.start_worker(pid, 100);
        scene.forked(pid, 100);
    }
    scene.confirm();
    EXPECT_EQ(scene.worker(105).age, 2u);
    EXPECT_EQ(scene.worker(104).age, 3u);
    EXPECT_EQ(scene.worker(103).age, 4u);
    EXPECT_EQ(scene.worker(102).age, 5u);
}

TEST_F(Births, ASlowElderSiblingKeepsItsAgeForASecond) {
    scene.start_worker(102, 100);
    const auto settled = scene.process(102);
    scene.process(102).files = scene.process(100).files;
    scene.show(102);
    scene.forked(102, 100);
    scene.start_worker(103, 100);
    scene.forked(103, 100);
    scene.pass(500ms);
    scene.confirm();
    EXPECT_FALSE(scene.has_worker(103)) << "its age is not known yet";
    scene.process(102) = settled;
    scene.show(102);
    scene.confirm();
    EXPECT_EQ(scene.worker(102).age, 2u);
    EXPECT_EQ(scene.worker(103).age, 3u);
}

TEST_F(Births, AHooksForkHoldsItsSiblingsBackForASecondAndIsReleased) {
    scene.start_worker(102, 100);
    scene.forked(102, 100);
    scene.confirm();
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    scene.start_worker(103, 100);
    scene.forked(103, 100);
    scene.confirm();
    EXPECT_FALSE(scene.has_worker(103));
    scene.pass(1s);
    scene.confirm();
    EXPECT_EQ(scene.worker(103).age, 3u);
    scene.pass(4s);
    EXPECT_TRUE(releases(scene.confirm(), 110));
    EXPECT_FALSE(scene.tree().has_provisional());
    EXPECT_EQ(scene.master(100).spawns, 2u);
}

TEST_F(Births, AHooksForkDoesNotTakeTheFileOfALivingWorker) {
    scene.fork_plainly(110, 100); // holds 101's file only
    scene.process(110).caught_signals = worker_signals();
    scene.show(110);
    scene.forked(110, 100);
    scene.pass(4s);
    scene.confirm();
    EXPECT_FALSE(scene.has_worker(110));
    scene.pass(1s);
    EXPECT_TRUE(releases(scene.confirm(), 110));
}

TEST_F(Births, AForkInPreForkDoesNotTakeTheNextWorkersPlace) {
    scene.exited(101, 0);
    scene.vanish(101);
    scene.process(100).files = {"wgunicorn-next (deleted)"};
    scene.show(100);
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    scene.fork_plainly(102, 100);
    scene.process(102).caught_signals = worker_signals();
    scene.show(102);
    scene.forked(102, 100);
    for (int i = 0; i < 120; ++i) {
        scene.confirm();
        scene.pass(50ms);
    }
    EXPECT_EQ(scene.worker(102).age, 2u);
    EXPECT_FALSE(scene.has_worker(110));
}

TEST_F(Births, AWorkerThatKeepsTheArbitersHandlersIsConfirmedAfterTwoSeconds) {
    scene.start_worker(102, 100);
    scene.process(102).caught_signals = arbiter_signals();
    scene.show(102);
    scene.forked(102, 100);
    scene.pass(1900ms);
    scene.confirm();
    EXPECT_FALSE(scene.has_worker(102));
    scene.pass(100ms);
    scene.confirm();
    EXPECT_TRUE(scene.has_worker(102));
}

TEST_F(Births, AForkThatExecsIsReleased) {
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    const auto slot = scene.slot_of(110);
    const auto requests = scene.executed(110);
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].kind, release);
    EXPECT_EQ(requests[0].slot, slot);
    EXPECT_FALSE(scene.tree().has_provisional());
}

TEST_F(Births, AForkThatDiesAtOnceWithAStatusWasAWorker) {
    scene.start_worker(102, 100);
    scene.forked(102, 100);
    scene.pass(30ms);
    scene.vanish(102);
    scene.exited(102, 3 << 8);
    scene.confirm();
    ASSERT_TRUE(scene.has_worker(102));
    EXPECT_EQ(scene.worker(102).death->reason, ExitReason::boot_error);
    EXPECT_EQ(scene.worker(102).id(), "worker_2_1700001022");
    EXPECT_EQ(scene.master(100).spawns, 1u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
}

TEST_F(Births, AForkThatDiesAtOnceWithoutAStatusIsADaemonsParent) {
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    scene.vanish(110);
    scene.exited(110, 0);
    EXPECT_TRUE(releases(scene.confirm(), 110));
    EXPECT_EQ(scene.master(100).last_age, 1u);
}

TEST_F(Births, AForkThatAcceptedConnectionsWasAWorkerHoweverItEnded) {
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    scene.pass(2s);
    scene.vanish(110);
    scene.exited(110, 0, true);
    scene.confirm();
    EXPECT_EQ(scene.worker(110).death->reason, ExitReason::self_exit);
    EXPECT_EQ(scene.master(100).restarts, 1u);
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST_F(Births, AForkThatDiesLaterUnconfirmedWasNoWorker) {
    scene.fork_plainly(110, 100);
    scene.forked(110, 100);
    scene.confirm();
    scene.pass(2s);
    scene.vanish(110);
    scene.exited(110, 1 << 8);
    EXPECT_TRUE(releases(scene.confirm(), 110));
    EXPECT_EQ(scene.master(100).last_age, 1u);
}

TEST_F(Births, SiblingsOfAWorkerThatCannotBootAreShutDown) {
    for (const pid_t pid : {102, 103}) {
        scene.start_worker(pid, 100);
        scene.forked(pid, 100);
    }
    scene.vanish(103);
    scene.exited(103, 3 << 8);
    scene.signalled(102, SIGTERM, 100);
    scene.signalled(101, SIGTERM, 100);
    scene.vanish(102);
    scene.exited(102, SIGTERM); // before its handlers exist
    scene.exited(101, 0);
    scene.exited(100, 3 << 8);
    scene.confirm();
    EXPECT_EQ(scene.exits(100, ExitReason::boot_error), 1u);
    EXPECT_EQ(scene.exits(100, ExitReason::shutdown), 2u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
    EXPECT_EQ(scene.master(100).workers.size(), 3u);
}

TEST_F(Births, AnUnconfirmedForkWhoseEndWasLostIsReleased) {
    scene.start_worker(102, 100);
    scene.forked(102, 100);
    scene.vanish(102);
    scene.confirm();
    EXPECT_TRUE(scene.tree().has_provisional());
    scene.pass(5s);
    EXPECT_TRUE(releases(scene.confirm(), 102));
}

TEST_F(Births, AReusedNumberIsAnotherProcess) {
    scene.bear(102, 100);
    const auto first = scene.slot_of(102);
    scene.pass(1s);
    scene.vanish(102); // no record of its end
    scene.bear(102, 100);
    EXPECT_TRUE(scene.tree().worker_of_slot(first)->death);
    EXPECT_FALSE(scene.worker(102).death);
    EXPECT_EQ(scene.worker(102).age, 3u);

    scene.start_worker(103, 100);
    scene.forked(103, 100);
    scene.vanish(103);
    scene.start_worker(103, 100);
    EXPECT_TRUE(releases(scene.forked(103, 100), 103));
    scene.confirm();
    EXPECT_EQ(scene.worker(103).age, 4u);
}

TEST_F(Births, ChildrenOfWorkersAreReleased) {
    EXPECT_TRUE(releases(scene.forked(300, 101), 300));
    EXPECT_FALSE(scene.tree().has_provisional());
}

} // namespace
} // namespace gunicorn

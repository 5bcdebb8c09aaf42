// SPDX-License-Identifier: BSD-2-Clause
// States, ends, restarts and retention: what an operator does to a Gunicorn, and what is counted.
#include <gtest/gtest.h>

#include <csignal>

#include "scene.h"

namespace gunicorn {
namespace {

constexpr pid_t kUnrelated = 4711;

class Lifecycle : public testing::Test {
protected:
    void SetUp() override {
        scene.start_family();
        scene.pass(60s);
    }
    std::uint64_t all_exits() {
        std::uint64_t sum = 0;
        for (const auto count : scene.master(100).exits) sum += count;
        return sum;
    }
    Scene scene;
};

TEST_F(Lifecycle, QuitAtTheFirstSignalFromAnyone) {
    for (const int signal : {SIGUSR1, SIGWINCH, SIGCHLD, SIGHUP}) scene.signalled(101, signal, 100);
    EXPECT_EQ(scene.worker(101).state, State::running);
    scene.signalled(101, SIGTERM, kUnrelated, 0, false);
    EXPECT_EQ(scene.worker(101).state, State::running) << "ignored";

    scene.signalled(101, SIGTERM, kUnrelated);
    const auto since = scene.now();
    EXPECT_EQ(scene.worker(101).state, State::quit);
    EXPECT_EQ(scene.worker(101).state_since, since);
    scene.pass(2s);
    for (const int signal : {SIGTERM, SIGQUIT, SIGINT}) scene.signalled(101, signal, 100);
    EXPECT_EQ(scene.worker(101).state_since, since) << "the state was entered once";
    EXPECT_EQ(scene.worker(102).state, State::running);
}

TEST_F(Lifecycle, AbortBeatsQuitAndStays) {
    scene.signalled(101, SIGQUIT, 100);
    scene.pass(1s);
    scene.signalled(101, SIGABRT, 100);
    const auto since = scene.now();
    EXPECT_EQ(scene.worker(101).state, State::abort);
    scene.pass(1s);
    scene.signalled(101, SIGABRT, 100);
    scene.signalled(101, SIGTERM, 100);
    EXPECT_EQ(scene.worker(101).state, State::abort);
    EXPECT_EQ(scene.worker(101).state_since, since);
}

TEST_F(Lifecycle, AbortIsTheMastersDoing) {
    scene.signalled(101, SIGABRT, kUnrelated);
    EXPECT_EQ(scene.worker(101).state, State::running);
    scene.leave(101, SIGABRT);
    EXPECT_EQ(scene.worker(101).death->reason, ExitReason::crash);
}

// Gunicorn's control interface: `worker remove` sends no signal to the master.
TEST_F(Lifecycle, AWorkerThatIsNoLongerWantedIsNoRestart) {
    scene.set_arbiter(100, {.worker_age = 2, .ages = {{101, 1}, {102, 2}}, .facts = {}, .num_workers = 1});
    scene.signalled(101, SIGTERM, 100);
    scene.leave(101);
    EXPECT_EQ(scene.exits(100, ExitReason::scale_down), 1u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
}

TEST_F(Lifecycle, SeveralWorkersThatAreNoLongerWanted) {
    scene.set_arbiter(100, {.worker_age = 2, .ages = {{101, 1}, {102, 2}}, .facts = {}, .num_workers = 0});
    for (const pid_t pid : {101, 102}) scene.signalled(pid, SIGTERM, 100);
    for (const pid_t pid : {101, 102}) scene.leave(pid);
    EXPECT_EQ(scene.exits(100, ExitReason::scale_down), 2u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
}

TEST_F(Lifecycle, AWorkerThatIsStillWantedIsReplaced) {
    scene.set_arbiter(100, {.worker_age = 2, .ages = {{101, 1}, {102, 2}}, .facts = {}, .num_workers = 2});
    scene.signalled(101, SIGTERM, 100);
    scene.leave(101);
    EXPECT_EQ(scene.exits(100, ExitReason::master_term), 1u);
    EXPECT_EQ(scene.master(100).restarts, 1u);
}

TEST_F(Lifecycle, TermToTheMasterIsNoRestart) {
    scene.signalled(100, SIGTERM, kUnrelated);
    for (const pid_t pid : {101, 102}) scene.signalled(pid, SIGTERM, 100);
    for (const pid_t pid : {101, 102}) scene.leave(pid);
    scene.leave(100);
    EXPECT_EQ(scene.exits(100, ExitReason::shutdown), 2u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
    EXPECT_FALSE(scene.master(100).alive);
    EXPECT_EQ(scene.master(100).ended_at, scene.now());
}

TEST_F(Lifecycle, HupReplacesEachWorkerOnce) {
    scene.signalled(100, SIGHUP, kUnrelated);
    for (const pid_t pid : {103, 104}) scene.bear(pid, 100);
    for (int i = 0; i < 3; ++i) {
        for (const pid_t pid : {101, 102}) scene.signalled(pid, SIGTERM, 100);
    }
    scene.leave(101);
    scene.leave(102, SIGTERM); // hit again while the interpreter ended
    EXPECT_EQ(scene.exits(100, ExitReason::reload), 2u);
    EXPECT_EQ(scene.master(100).restarts, 2u);
    EXPECT_EQ(scene.worker(103).age, 3u);
    EXPECT_EQ(scene.worker(104).age, 4u);
    EXPECT_EQ(scene.master(100).spawns, 2u);
}

TEST_F(Lifecycle, TtinAndTtouAreNoRestarts) {
    scene.signalled(100, SIGTTIN, kUnrelated);
    scene.bear(103, 100);
    scene.pass(5s);
    scene.signalled(100, SIGTTOU, kUnrelated);
    for (int i = 0; i < 2; ++i) scene.signalled(101, SIGTERM, 100);
    scene.leave(101);
    EXPECT_EQ(scene.exits(100, ExitReason::scale_down), 1u);
    EXPECT_EQ(scene.master(100).restarts, 0u);
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST_F(Lifecycle, Usr2ThenQuitIsNoRestart) {
    scene.signalled(100, SIGUSR2, kUnrelated);
    scene.fork_plainly(200, 100);
    scene.forked(200, 100);
    scene.executed(200);
    scene.start_master(200, 100);
    scene.listened(200);
    scene.bear(201, 200);
    EXPECT_EQ(scene.tree().master_of_slot(scene.slot_of(201))->pid, 200);
    EXPECT_EQ(scene.tree().master_of_slot(scene.slot_of(101))->pid, 100);
    scene.signalled(100, SIGQUIT, kUnrelated);
    for (const pid_t pid : {101, 102}) {
        scene.signalled(pid, SIGQUIT, 100);
        scene.leave(pid);
    }
    scene.leave(100);
    EXPECT_EQ(scene.master(100).restarts, 0u);
    EXPECT_EQ(scene.master(200).restarts, 0u);
    EXPECT_TRUE(scene.master(200).alive);
}

TEST_F(Lifecycle, TimeoutIsARestartWhateverTheStatus) {
    pid_t next = 103;
    for (const int wait_status : {1 << 8, 0, SIGABRT, SIGKILL}) {
        scene.bear(next, 100);
        scene.signalled(next, SIGABRT, 100);
        if (wait_status == SIGKILL) scene.signalled(next, SIGKILL, 100);
        scene.leave(next++, wait_status);
    }
    EXPECT_EQ(scene.exits(100, ExitReason::timeout), 4u);
    EXPECT_EQ(scene.master(100).restarts, 4u);
}

TEST_F(Lifecycle, DeathsWithoutAMastersDoing) {
    scene.leave(101);
    EXPECT_EQ(scene.worker(101).death->reason, ExitReason::self_exit);
    scene.signalled(102, SIGKILL, kUnrelated);
    scene.leave(102, SIGKILL);
    EXPECT_EQ(scene.worker(102).death->reason, ExitReason::killed);
    scene.bear(103, 100);
    scene.leave(103, SIGSEGV | 0x80);
    EXPECT_EQ(scene.worker(103).death->reason, ExitReason::crash);
    scene.bear(104, 100);
    scene.leave(104, 7 << 8);
    EXPECT_EQ(scene.worker(104).death->reason, ExitReason::app_exit);
    scene.bear(105, 100);
    scene.chosen_by_oom_killer(105);
    scene.leave(105, SIGKILL);
    EXPECT_EQ(scene.worker(105).death->reason, ExitReason::oom);
    EXPECT_EQ(scene.master(100).restarts, 5u);
}

TEST_F(Lifecycle, WorkersOutliveAKilledMaster) {
    scene.leave(100, SIGKILL);
    EXPECT_FALSE(scene.master(100).alive);
    EXPECT_FALSE(scene.worker(101).death);
    scene.pass(15s);
    scene.leave(101);
    EXPECT_EQ(scene.worker(101).death->reason, ExitReason::orphan);
    EXPECT_EQ(scene.master(100).restarts, 0u);
}

TEST_F(Lifecycle, AnEndIsCountedOnce) {
    scene.leave(101);
    scene.exited(101, 0);
    scene.exited(101, 3 << 8);
    scene.signalled(101, SIGTERM, 100);
    EXPECT_EQ(all_exits(), 1u);
    EXPECT_EQ(scene.worker(101).state, State::running) << "as it died";
}

TEST_F(Lifecycle, AWorkerThatExecsServesNoMore) {
    scene.executed(101);
    EXPECT_TRUE(scene.worker(101).death);
    EXPECT_EQ(all_exits(), 1u);
}

TEST_F(Lifecycle, AnEndOfAnUnknownProcessGivesItsSlotBack) {
    scene.give_slot(999);
    EXPECT_TRUE(releases(scene.exited(999, 0), 999));
}

TEST_F(Lifecycle, DeadWorkersStayForTheRetentionTime) {
    scene.leave(101);
    scene.pass(299s);
    EXPECT_TRUE(scene.tree().forget_dead().empty());
    EXPECT_NE(scene.tree().worker_of_slot(scene.slot_of(101)), nullptr);
    scene.pass(1s);
    const auto requests = scene.tree().forget_dead();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_TRUE(releases(requests, 101));
    EXPECT_EQ(scene.tree().worker_of_slot(scene.slot_of(101)), nullptr);
    EXPECT_EQ(scene.master(100).workers.size(), 1u);
    EXPECT_EQ(scene.exits(100, ExitReason::self_exit), 1u) << "totals stay";
}

TEST_F(Lifecycle, DeadOnesCanBeForgottenAtOnce) {
    scene.leave(101);
    EXPECT_TRUE(releases(scene.tree().forget_dead(true), 101));
    EXPECT_EQ(scene.master(100).workers.size(), 1u);
    EXPECT_TRUE(scene.tree().forget_dead(true).empty());
}

TEST_F(Lifecycle, AnEndedMasterStaysAsLongAsItsWorkersDo) {
    scene.leave(100, SIGKILL);
    scene.pass(1000s);
    EXPECT_TRUE(scene.tree().forget_dead(true).empty()) << "its workers still serve";
    scene.leave(101);
    scene.leave(102);
    scene.pass(300s);
    const auto requests = scene.tree().forget_dead();
    EXPECT_TRUE(releases(requests, 101));
    EXPECT_TRUE(releases(requests, 102));
    EXPECT_TRUE(releases(requests, 100));
    EXPECT_TRUE(scene.tree().masters().empty());
}

TEST_F(Lifecycle, ANewMasterWithTheNumberOfADeadOneStartsAnew) {
    scene.leave(101);
    scene.leave(102);
    scene.leave(100);
    scene.pass(10s);
    scene.start_master(100);
    scene.give_slot(100);
    scene.listened(100);
    scene.bear(101, 100);
    ASSERT_EQ(scene.tree().masters().size(), 2u);
    EXPECT_EQ(scene.tree().masters()[1].workers.size(), 1u);
    EXPECT_EQ(scene.worker(101).age, 1u);
    EXPECT_TRUE(scene.tree().masters()[1].alive);
}

TEST_F(Lifecycle, IdsDoNotChangeWhenTheClockIsSet) {
    const auto before = scene.worker(101).id();
    scene.files().set_boot_time(kBoot + 3600);
    scene.scan();
    EXPECT_EQ(scene.worker(101).id(), before);
    scene.bear(103, 100);
    EXPECT_EQ(scene.worker(103).start, kBoot + 1060);
}

TEST_F(Lifecycle, NoRoomForAWorkerLeavesItWithoutASlot) {
    Scene full;
    full.start_master(100);
    full.start_worker(101, 100);
    for (const auto& request : full.tree().scan()) full.tree().assign_slot(request.pid, 0);
    EXPECT_EQ(full.worker(101).slot, 0u);
    EXPECT_EQ(full.tree().worker_of_slot(0), nullptr);
}

} // namespace
} // namespace gunicorn

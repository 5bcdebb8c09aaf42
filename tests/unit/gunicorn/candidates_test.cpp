// SPDX-License-Identifier: BSD-2-Clause
// From a process that listens to a master, with and without --pid.
#include <gtest/gtest.h>

#include <csignal>

#include "scene.h"

namespace gunicorn {
namespace {

using enum Request::Kind;

TEST(Candidates, BecomeMastersWithTheirFirstWorker) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    EXPECT_TRUE(scene.listened(100).empty());
    EXPECT_TRUE(scene.tree().masters().empty());
    scene.start_worker(101, 100);
    scene.forked(101, 100);
    scene.start_worker(102, 100);
    scene.forked(102, 100);
    const auto requests = scene.confirm();
    ASSERT_EQ(requests.size(), 1u);
    EXPECT_EQ(requests[0].kind, observe_master);
    EXPECT_EQ(requests[0].pid, 100);
    EXPECT_EQ(requests[0].slot, scene.slot_of(100));
    EXPECT_EQ(scene.master(100).slot, scene.slot_of(100));
    EXPECT_EQ(scene.worker(101).age, 1u);
    EXPECT_EQ(scene.worker(102).age, 2u);
    EXPECT_EQ(scene.master(100).spawns, 2u);
    scene.pass(1s);
    EXPECT_TRUE(scene.scan().empty());
}

TEST(Candidates, WhatHappenedBeforeTheFirstConfirmationCounts) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.listened(100);
    scene.start_worker(101, 100);
    scene.forked(101, 100);
    scene.vanish(101);
    scene.exited(101, SIGSEGV);
    scene.signalled(100, SIGHUP, 4711);
    scene.start_worker(102, 100);
    scene.forked(102, 100);
    scene.signalled(102, SIGTERM, 100);
    scene.confirm();
    EXPECT_EQ(scene.worker(101).death->reason, ExitReason::crash);
    EXPECT_EQ(scene.worker(101).age, 1u);
    EXPECT_EQ(scene.worker(102).age, 2u);
    EXPECT_EQ(scene.worker(102).state, State::quit);
    scene.exited(102, 0);
    EXPECT_EQ(scene.worker(102).death->reason, ExitReason::reload);
}

// exit code 3 or 4: the master stops at once, and no other worker will tell what it was.
TEST(Candidates, WhoseFirstWorkerCannotBoot) {
    for (const int code : {3, 4}) {
        Scene scene;
        scene.scan();
        scene.start_master(100);
        scene.listened(100);
        scene.start_worker(101, 100);
        scene.process(101).caught_signals = arbiter_signals(); // not a line of its own has run
        scene.show(101);
        scene.forked(101, 100);
        scene.confirm();
        ASSERT_TRUE(scene.tree().masters().empty());
        scene.vanish(101);
        scene.exited(101, code << 8);
        scene.vanish(100);
        scene.exited(100, code << 8);
        scene.confirm();
        EXPECT_FALSE(scene.master(100).alive);
        EXPECT_EQ(scene.master(100).slot, scene.slot_of(100));
        EXPECT_EQ(scene.exits(100, code == 3 ? ExitReason::boot_error : ExitReason::app_load_error), 1u);
        EXPECT_EQ(scene.master(100).spawns, 1u);
        EXPECT_EQ(scene.master(100).restarts, 0u);
    }
}

TEST(Candidates, ThatHoldNoHeartbeatFileAreNotProvedByAStatus) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.listened(100);
    scene.fork_plainly(101, 100);
    scene.forked(101, 100);
    scene.confirm();
    scene.vanish(101);
    scene.exited(101, 3 << 8);
    scene.confirm();
    EXPECT_TRUE(scene.tree().masters().empty());
}

TEST(Candidates, OtherServersKeepNoProvisionalChildren) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.process(100).caught_signals = fixtures::signals({SIGHUP, SIGCHLD, SIGTERM}); // nginx
    scene.show(100);
    scene.listened(100);
    scene.fork_plainly(101, 100);
    scene.forked(101, 100);
    const auto requests = scene.confirm();
    EXPECT_TRUE(releases(requests, 101));
    EXPECT_FALSE(releases(requests, 100)) << "it may still become one";
    EXPECT_FALSE(scene.tree().has_provisional());
    EXPECT_TRUE(releases(scene.exited(100, 0), 100));
}

TEST(Candidates, TheDirtyArbiterIsNone) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.fork_plainly(110, 100);
    scene.process(110).files.clear();
    scene.process(110).caught_signals = dirty_arbiter_signals();
    scene.show(110);
    scene.forked(110, 100);
    scene.listened(110);
    EXPECT_TRUE(releases(scene.forked(111, 110), 111)) << "its parent is a master's fork";
    for (int i = 0; i < 6; ++i) {
        scene.confirm();
        scene.pass(1s);
    }
    EXPECT_FALSE(scene.tree().has_provisional());
    // Released by now, it listens on a unix socket of its own.
    scene.listened(110);
    scene.start_worker(112, 110);
    scene.forked(112, 110);
    EXPECT_TRUE(releases(scene.confirm(), 112));
    EXPECT_EQ(scene.tree().masters().size(), 1u);
    EXPECT_EQ(scene.master(100).workers.size(), 1u);
}

TEST(Candidates, AnUnknownParentIsOne) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.give_slot(100); // the record of its listen() was lost
    scene.start_worker(101, 100);
    scene.forked(101, 100);
    scene.confirm();
    EXPECT_EQ(scene.master(100).slot, scene.slot_of(100));
    EXPECT_EQ(scene.worker(101).age, 1u);
}

TEST(Candidates, ThatEndReleaseTheirChildrenToo) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.listened(100);
    scene.start_worker(101, 100);
    scene.forked(101, 100);
    const auto requests = scene.exited(100, 1 << 8);
    EXPECT_TRUE(releases(requests, 100));
    EXPECT_TRUE(releases(requests, 101));
    EXPECT_FALSE(scene.tree().has_provisional());
}

TEST(Candidates, ThatVanishOrExecAreReleased) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.listened(100);
    scene.start_master(200);
    scene.listened(200);
    EXPECT_TRUE(releases(scene.executed(200), 200));
    scene.vanish(100);
    EXPECT_TRUE(scene.scan().empty());
    scene.pass(3s);
    EXPECT_TRUE(releases(scene.scan(), 100));
}

TEST(Candidates, AProvenOneThatAScanFindsFirstIsPromotedOnce) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.listened(100);
    scene.start_worker(101, 100);
    scene.forked(101, 100);
    scene.scan();
    EXPECT_EQ(scene.tree().masters().size(), 1u);
    scene.confirm();
    EXPECT_EQ(scene.tree().masters().size(), 1u);
    EXPECT_EQ(scene.master(100).workers.size(), 1u);
    EXPECT_EQ(scene.worker(101).slot, scene.slot_of(101));
}

TEST(Only, ReleasesCandidatesThatAreNotMeant) {
    Scene scene{{.only = {100}}};
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.start_master(200);
    EXPECT_TRUE(releases(scene.listened(200), 200));
    scene.start_worker(201, 200);
    EXPECT_TRUE(releases(scene.forked(201, 200), 201));
    scene.confirm();
    EXPECT_EQ(scene.tree().masters().size(), 1u);
}

TEST(Only, ASuccessorIsMeantFromItsFirstWorker) {
    Scene scene{{.only = {100}}};
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.fork_plainly(200, 100);
    scene.forked(200, 100);
    EXPECT_TRUE(releases(scene.executed(200), 200));
    scene.start_master(200, 100);
    EXPECT_TRUE(scene.listened(200).empty());
    scene.start_worker(201, 200);
    scene.forked(201, 200);
    scene.confirm();
    ASSERT_EQ(scene.tree().masters().size(), 2u);
    EXPECT_EQ(scene.master(200).predecessor, 100);
    EXPECT_EQ(scene.worker(201).age, 1u);

    // And so on.
    scene.fork_plainly(300, 200);
    scene.forked(300, 200);
    scene.executed(300);
    scene.start_master(300, 200);
    EXPECT_TRUE(scene.listened(300).empty());
    scene.bear(301, 300);
    EXPECT_EQ(scene.master(300).predecessor, 200);
}

TEST(Successor, IsKnownAsSuchAlsoWhenItsPredecessorHasEnded) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.fork_plainly(200, 100);
    scene.forked(200, 100);
    scene.executed(200);
    scene.start_master(200, 100);
    scene.listened(200);
    scene.exited(100, 0);
    scene.files().remove(100);
    scene.process(200).parent = 1;
    scene.show(200);
    scene.bear(201, 200);
    EXPECT_EQ(scene.master(200).predecessor, 100);
}

} // namespace
} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// What a scan of /proc makes of what runs already, and how it repairs what records missed.
#include <gtest/gtest.h>

#include <csignal>

#include "scene.h"

namespace gunicorn {
namespace {

using enum Request::Kind;

std::vector<pid_t> pids(const std::vector<Request>& requests, Request::Kind kind) {
    std::vector<pid_t> result;
    for (const auto& request : requests) {
        if (request.kind == kind) result.push_back(request.pid);
    }
    return result;
}

double seconds(WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

TEST(FirstScan, RanksWorkersByStart) {
    Scene scene;
    scene.start_master(100);
    scene.pass(500ms);
    for (const pid_t pid : {300, 101, 200}) {
        scene.start_worker(pid, 100);
        scene.pass(1500ms);
    }
    const auto requests = scene.scan();
    ASSERT_EQ(requests.size(), 4u);
    EXPECT_EQ(requests[0].kind, observe_master);
    EXPECT_EQ(requests[0].pid, 100);
    EXPECT_EQ(pids(requests, observe_worker), (std::vector<pid_t>{300, 101, 200}));
    EXPECT_EQ(requests[1].parent, 100);

    EXPECT_EQ(scene.worker(300).id(), "worker_1_1700001000");
    EXPECT_EQ(scene.worker(101).id(), "worker_2_1700001002");
    EXPECT_EQ(scene.worker(200).id(), "worker_3_1700001003");
    EXPECT_EQ(scene.master(100).last_age, 3u);
    EXPECT_EQ(scene.master(100).spawns, 0u) << "born before the exporter";
    EXPECT_EQ(scene.master(100).app, "wapp:app");
    EXPECT_EQ(scene.worker(300).state, State::running);
    EXPECT_DOUBLE_EQ(seconds(scene.worker(300).state_since), 1700001000.5);
}

TEST(FirstScan, SlotsLeadBackToWorkers) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    EXPECT_EQ(scene.tree().worker_of_slot(scene.slot_of(101))->pid, 101);
    EXPECT_EQ(scene.tree().master_of_slot(scene.slot_of(101))->pid, 100);
    EXPECT_EQ(scene.tree().worker_of_slot(scene.slot_of(100)), nullptr);
    EXPECT_EQ(scene.tree().worker_of_slot(0), nullptr);
    EXPECT_EQ(scene.tree().worker_of_slot(77), nullptr);
}

TEST(FirstScan, SuccessorKnowsItsPredecessorAndIsListedAfterIt) {
    Scene scene;
    scene.start_master(200);
    scene.start_worker(201, 200);
    scene.pass(1s);
    scene.start_master(100, 200);
    scene.process(100).command_line = {"gunicorn: master [wapp:app.2]"};
    scene.start_worker(101, 100);
    scene.scan();
    ASSERT_EQ(scene.tree().masters().size(), 2u);
    EXPECT_EQ(scene.tree().masters()[0].pid, 200);
    EXPECT_EQ(scene.master(100).predecessor, 200);
    EXPECT_EQ(scene.master(200).predecessor, std::nullopt);
    EXPECT_EQ(scene.master(100).app, "wapp:app");
}

TEST(FirstScan, NoGunicornAtAllIsFine) {
    Scene scene;
    EXPECT_TRUE(scene.scan().empty());
    EXPECT_TRUE(scene.tree().masters().empty());
    EXPECT_FALSE(scene.tree().has_provisional());
}

TEST(LaterScan, ChangesNothingThatIsKnown) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(5s);
    scene.bear(102, 100);
    for (int i = 0; i < 3; ++i) {
        scene.pass(5s);
        EXPECT_TRUE(scene.scan().empty());
    }
    EXPECT_EQ(scene.master(100).workers.size(), 2u);
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST(LaterScan, FindsAWorkerThatWasForkedBeforeItsMasterWasObserved) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    const auto requests = scene.tree().scan();
    scene.pass(1s);
    scene.start_worker(102, 100); // no record: the master has no slot yet
    for (const auto& request : requests) {
        scene.give_slot(request.pid);
        scene.tree().assign_slot(request.pid, scene.slot_of(request.pid));
    }
    EXPECT_EQ(pids(scene.scan(), observe_worker), std::vector<pid_t>{102});
    EXPECT_EQ(scene.worker(102).age, 2u);
}

TEST(LaterScan, LeavesAYoungWorkerToItsRecord) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.start_worker(102, 100);
    EXPECT_TRUE(scene.scan().empty());
    scene.forked(102, 100);
    EXPECT_TRUE(scene.scan().empty()) << "it is provisional";
    scene.confirm();
    EXPECT_EQ(scene.master(100).workers.size(), 2u);
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST(LaterScan, FindsAWorkerWhoseRecordWasLost) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.start_worker(102, 100);
    scene.pass(3s);
    EXPECT_EQ(pids(scene.scan(), observe_worker), std::vector<pid_t>{102});
    EXPECT_EQ(scene.worker(102).age, 2u);

    // The record was late, not lost.
    const event::Forked late{scene.slot_of(102), 102, scene.slot_of(100), 100, 1000s};
    EXPECT_TRUE(scene.tree().on(late).empty());
    scene.confirm();
    EXPECT_EQ(scene.master(100).workers.size(), 2u);
    EXPECT_EQ(scene.master(100).spawns, 1u);
}

TEST(LaterScan, FindsANewMaster) {
    Scene scene;
    scene.scan();
    scene.pass(10s);
    scene.start_master(100);
    scene.start_worker(101, 100);
    const auto requests = scene.scan();
    EXPECT_EQ(pids(requests, observe_master), std::vector<pid_t>{100});
    EXPECT_EQ(pids(requests, observe_worker), std::vector<pid_t>{101});
}

TEST(LaterScan, DoesNotTakeAHooksForkForTheWorkerWhoseFileItInherited) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.fork_plainly(102, 100);
    scene.pass(10s);
    EXPECT_TRUE(scene.scan().empty());
    // The worker is dead and not reaped yet: its file is still the master's and the hook's process's.
    scene.exited(101, SIGKILL);
    scene.files().remove(101);
    EXPECT_TRUE(scene.scan().empty());
    EXPECT_FALSE(scene.has_worker(102));
}

TEST(LaterScan, EndsWhatVanishedWithoutARecordAfterAWhile) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.start_worker(102, 100);
    scene.start_worker(103, 100);
    scene.scan();
    scene.signalled(102, SIGKILL, 4711);
    for (const pid_t pid : {101, 102}) scene.vanish(pid);
    const auto vanished = scene.now();
    scene.scan();
    EXPECT_FALSE(scene.worker(101).death) << "the record may be on its way";
    scene.pass(5s);
    scene.scan();
    ASSERT_TRUE(scene.worker(101).death);
    EXPECT_EQ(scene.worker(101).death->at, vanished);
    EXPECT_EQ(scene.worker(101).death->reason, ExitReason::self_exit);
    EXPECT_EQ(scene.worker(102).death->reason, ExitReason::killed);
    EXPECT_FALSE(scene.worker(103).death);

    // The record was late, not lost: the end is not counted twice.
    scene.exited(101, 0);
    scene.scan();
    EXPECT_EQ(scene.exits(100, ExitReason::self_exit), 1u);
    EXPECT_EQ(scene.master(100).restarts, 2u);
}

TEST(LaterScan, AZombieOrAnotherOwnerOfTheNumberIsGone) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.start_worker(102, 100);
    scene.scan();
    scene.process(101).state = 'Z';
    scene.process(102).start_ticks += 50'000;
    scene.process(102).files.clear();
    scene.show(101);
    scene.show(102);
    scene.scan();
    scene.pass(5s);
    scene.scan();
    EXPECT_TRUE(scene.worker(101).death);
    EXPECT_TRUE(scene.worker(102).death);
    EXPECT_TRUE(scene.master(100).alive);
}

TEST(LaterScan, AnUnreadableProcessIsNotGone) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.files().write("101/stat", "not now");
    scene.scan();
    scene.pass(10s);
    scene.scan();
    EXPECT_FALSE(scene.worker(101).death);
}

TEST(LaterScan, EndsAMasterThatVanished) {
    Scene scene;
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.files().remove(100);
    scene.scan();
    scene.pass(3s);
    scene.scan();
    EXPECT_FALSE(scene.master(100).alive);
    EXPECT_FALSE(scene.worker(101).death) << "workers stay until they end";
}

TEST(Only, NamesTheMastersThatAreObserved) {
    Scene scene{{.only = {100}}};
    for (const pid_t master : {100, 200}) {
        scene.start_master(master);
        scene.start_worker(master + 1, master);
    }
    scene.scan();
    ASSERT_EQ(scene.tree().masters().size(), 1u);
    EXPECT_EQ(scene.tree().masters()[0].pid, 100);
    EXPECT_FALSE(scene.has_worker(201));
}

TEST(Only, AMasterThatHasNoWorkerJustNowIsObserved) {
    Scene scene{{.only = {100}}};
    scene.start_master(100);
    EXPECT_EQ(pids(scene.scan(), observe_master), std::vector<pid_t>{100});
    scene.bear(101, 100);
    EXPECT_EQ(scene.worker(101).age, 1u);
}

TEST(Only, ALaterOwnerOfTheNumberIsNotMeant) {
    Scene scene{{.only = {100}}};
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.exited(101, 0);
    scene.exited(100, 0);
    scene.vanish(101);
    scene.vanish(100);
    scene.pass(20s);
    scene.start_master(100);
    scene.start_worker(102, 100);
    EXPECT_TRUE(scene.scan().empty());
    ASSERT_EQ(scene.tree().masters().size(), 1u);
    EXPECT_FALSE(scene.tree().masters()[0].alive);
}

TEST(Only, AServersOwnSuccessorIsFoundByAScan) {
    Scene scene{{.only = {100}}};
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.scan();
    scene.pass(10s);
    scene.start_master(200, 100);
    scene.start_worker(201, 200);
    scene.pass(5s);
    EXPECT_EQ(pids(scene.scan(), observe_master), std::vector<pid_t>{200});
    EXPECT_EQ(scene.master(200).predecessor, 100);
}

TEST(ReusePort, AWorkerThatListenedItselfKeepsItsSlot) {
    Scene scene;
    scene.scan();
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.listened(101); // its master never called listen()
    scene.fork_plainly(102, 101);
    scene.forked(102, 101);
    const auto requests = scene.scan();
    EXPECT_EQ(scene.worker(101).slot, scene.slot_of(101));
    EXPECT_TRUE(releases(requests, 102));
    EXPECT_FALSE(releases(requests, 101));
    scene.vanish(101);
    EXPECT_FALSE(releases(scene.exited(101, 0), 101)) << "its totals are kept for the retention time";
    scene.pass(5s);
    scene.scan();
    scene.pass(5s);
    EXPECT_FALSE(releases(scene.scan(), 101));
}

} // namespace
} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// Which processes are masters and workers, and which only look like it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>

#include "gunicorn/recognition.h"
#include "scene.h"

namespace gunicorn {
namespace {

class Recognition : public testing::Test {
protected:
    // "10: 11 12" for a master and its workers; a successor is "20<10: 21".
    std::vector<std::string> found() {
        std::vector<std::string> lines;
        for (const auto& family : recognise(candidates(scene.proc()))) {
            auto line = fmt::format("{}", family.master.pid);
            if (family.predecessor) line += fmt::format("<{}", *family.predecessor);
            line += ':';
            for (const auto& worker : family.workers) line += fmt::format(" {}", worker.traits.pid);
            lines.push_back(line);
        }
        return lines;
    }
    using Lines = std::vector<std::string>;

    Scene scene;
};

TEST_F(Recognition, FindsAMasterWithItsWorkersInOrderOfStart) {
    scene.start_master(100);
    for (const pid_t pid : {300, 101, 200}) {
        scene.start_worker(pid, 100);
        scene.pass(20ms);
    }
    EXPECT_EQ(found(), Lines{"100: 300 101 200"});
}

TEST_F(Recognition, NamesAndCommandLinesDoNotMatter) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    for (const std::string comm : {"gunicorn", "gunicorn: maste", "python3", "shop", ") S 1 ("}) {
        scene.process(100).comm = comm;
        scene.process(100).command_line = {"python3", "embed.py"};
        scene.process(101).comm = comm;
        scene.show(100);
        scene.show(101);
        EXPECT_EQ(found(), Lines{"100: 101"}) << comm;
    }
}

TEST_F(Recognition, FindsThemInAPidNamespace) {
    scene.start_master(30023, 30020);
    scene.start_worker(30024, 30023);
    scene.process(30023).namespace_pids = {30023, 1};
    scene.show(30023);
    EXPECT_EQ(found(), Lines{"30023: 30024"});
}

TEST_F(Recognition, FindsTwoMastersOfOneHost) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.pass(1s);
    scene.start_master(50);
    scene.start_worker(51, 50);
    EXPECT_EQ(found(), (Lines{"100: 101", "50: 51"}));
}

TEST_F(Recognition, SuccessorOnUsr2IsAMasterOfItsOwn) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.pass(1s);
    scene.start_master(200, 100); // execve() closed its parent's heartbeat files and drew another stack
    scene.start_worker(201, 200);
    EXPECT_EQ(found(), (Lines{"100: 101", "200<100: 201"}));
}

TEST_F(Recognition, ChildrenOfWorkersAreNoWorkers) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.fork_plainly(102, 101); // multiprocessing: holds the worker's heartbeat file, too
    EXPECT_EQ(found(), Lines{"100: 101"});
}

TEST_F(Recognition, OrphanedWorkersWithChildrenAreNoMasters) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.fork_plainly(102, 101);
    scene.files().remove(100);
    scene.process(101).parent = 1;
    scene.show(101);
    EXPECT_EQ(found(), Lines{});
}

TEST_F(Recognition, ChildrenOfDeadWorkersAreNoWorkersOfTheInitThatAdoptsThem) {
    scene.start_master(100); // init of a container
    scene.start_worker(101, 100);
    scene.start_worker(102, 100);
    scene.fork_plainly(103, 101);
    scene.vanish(101);
    scene.process(103).parent = 100;
    scene.show(103);
    EXPECT_EQ(found(), Lines{"100: 102"});
}

TEST_F(Recognition, SubprocessesHoldNothingAndAreNothing) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.files().put({.pid = 102, .parent = 101, .stack_start = 0x123000, .program = "sleep"});
    scene.files().put({.pid = 103, .parent = 100, .stack_start = 0x456000, .program = "sleep"});
    EXPECT_EQ(found(), Lines{"100: 101"});
}

TEST_F(Recognition, DirtyArbiterAndItsWorkersAreNothing) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.fork_plainly(110, 100);
    scene.process(110).files.clear();
    scene.start_worker(111, 110);
    for (const auto signals : {dirty_arbiter_signals(), arbiter_signals()}) {
        scene.process(110).caught_signals = signals;
        scene.show(110);
        EXPECT_EQ(found(), Lines{"100: 101"});
    }
    // While the master has no worker, hence no heartbeat file.
    scene.vanish(101);
    EXPECT_EQ(found(), Lines{});
    // After the master was killed.
    scene.files().remove(100);
    scene.process(110).parent = 1;
    scene.process(110).caught_signals = dirty_arbiter_signals();
    scene.show(110);
    EXPECT_EQ(found(), Lines{});
}

TEST_F(Recognition, AHooksForkHoldsSeveralOrAnothersFile) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.pass(1s);
    scene.fork_plainly(102, 100); // holds 101's
    EXPECT_EQ(found(), Lines{"100: 101"});
    scene.start_worker(103, 100);
    scene.fork_plainly(104, 100); // holds 101's and 103's
    EXPECT_EQ(found(), Lines{"100: 101 103"});
}

TEST_F(Recognition, TheForkOfPreForkComesBeforeTheWorkerAndIsNone) {
    scene.start_master(100);
    scene.process(100).files = {"wgunicorn-first (deleted)"};
    scene.fork_plainly(101, 100);
    scene.pass(20ms);
    scene.fork_plainly(102, 100);
    scene.process(102).caught_signals = worker_signals();
    scene.show(100);
    scene.show(102);
    EXPECT_EQ(found(), Lines{"100: 102"});
}

TEST_F(Recognition, AWorkerThatKeepsTheArbitersHandlersIsFoundIfItIsTheOnlyHolder) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.process(101).caught_signals = arbiter_signals();
    scene.show(101);
    EXPECT_EQ(found(), Lines{"100: 101"});
}

TEST_F(Recognition, AForkOfAProgramThatIsNotGunicornMayBeAMaster) {
    scene.start_master(90);
    scene.process(90).caught_signals = 0; // python with multiprocessing.Process(target=run_gunicorn)
    scene.show(90);
    scene.fork_plainly(100, 90);
    scene.process(100).caught_signals = arbiter_signals();
    scene.start_worker(101, 100);
    EXPECT_EQ(found(), Lines{"100: 101"});
}

TEST_F(Recognition, AMasterMayIgnoreSignals) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.process(100).caught_signals = fixtures::signals({SIGCHLD, SIGTERM});
    scene.process(100).ignored_signals = fixtures::signals({SIGHUP, SIGUSR2});
    scene.show(100);
    EXPECT_EQ(found(), Lines{"100: 101"});
}

TEST_F(Recognition, OnlyUnlinkedFilesOfThatNameAreHeartbeats) {
    for (const std::string name : {"wgunicorn-access.log", "my-wgunicorn-a (deleted)", "wgunicorn (deleted)"}) {
        scene.start_master(100);
        scene.start_worker(101, 100);
        scene.process(100).files = {name};
        scene.process(101).files = {name};
        scene.show(100);
        scene.show(101);
        EXPECT_EQ(found(), Lines{}) << name;
    }
}

TEST_F(Recognition, ProgramsThatMentionGunicornAreNothing) {
    scene.files().put({.pid = 60, .comm = "tail", .program = "tail", .command_line = {"tail", "-f", "gunicorn.log"}});
    scene.files().put({.pid = 61, .comm = "sh", .program = "sh", .command_line = {"sh", "-c", "gunicorn wapp:app"}});
    scene.files().put({.pid = 62, .comm = "gunicorn", .command_line = {"python3", "/usr/bin/gunicorn", "x:y"}});
    scene.files().put({.pid = 63, .parent = 62, .comm = "uvicorn", .command_line = {"uvicorn", "--workers", "2"}});
    EXPECT_EQ(found(), Lines{});
}

TEST_F(Recognition, AnotherExecutableIsNoFork) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.process(101).program = "python3.13";
    scene.process(101).stack_start = 0;
    scene.show(101);
    EXPECT_EQ(found(), Lines{});
}

TEST_F(Recognition, ZombiesAndHalfReadProcessesAreNothing) {
    scene.start_master(100);
    scene.start_worker(101, 100);
    scene.files().write("101/stat", "101 (python3) Z");
    EXPECT_EQ(found(), Lines{});
}

} // namespace
} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// What --pid names, and what it answers to pids that are no Gunicorn.
#include <gtest/gtest.h>

#include <vector>

#include "gunicorn/resolve_pid.h"
#include "scene.h"

namespace gunicorn {
namespace {

class ResolvePid : public testing::Test {
protected:
    void SetUp() override {
        scene.start_master(100);
        scene.start_worker(101, 100);
        scene.start_worker(102, 100);
    }
    std::string error(pid_t pid) {
        const auto master = resolve_pid(scene.proc(), pid);
        return master ? "resolved to " + std::to_string(*master) : master.error().text;
    }
    Scene scene;
};

TEST_F(ResolvePid, MastersAndWorkersMeanTheMaster) {
    EXPECT_EQ(resolve_pid(scene.proc(), 100).value(), 100);
    EXPECT_EQ(resolve_pid(scene.proc(), 101).value(), 100);
    EXPECT_EQ(resolve_pid(scene.proc(), 102).value(), 100);
}

TEST_F(ResolvePid, WorkersOfASuccessorMeanTheSuccessor) {
    scene.start_master(200, 100);
    scene.start_worker(201, 200);
    EXPECT_EQ(resolve_pid(scene.proc(), 201).value(), 200);
    EXPECT_EQ(resolve_pid(scene.proc(), 200).value(), 200);
    EXPECT_EQ(resolve_pid(scene.proc(), 101).value(), 100);
}

TEST_F(ResolvePid, SeveralOfOneGunicornMeanItsMasterOnce) {
    scene.start_master(200);
    scene.start_worker(201, 200);
    EXPECT_EQ(resolve_pids(scene.proc(), std::vector<pid_t>{102, 201, 100, 101}).value(),
              (std::vector<pid_t>{100, 200}));
    EXPECT_TRUE(resolve_pids(scene.proc(), {}).value().empty());
    EXPECT_EQ(resolve_pids(scene.proc(), std::vector<pid_t>{101, 4711, 4712}).error().text,
              "--pid 4711: no such process");
}

TEST_F(ResolvePid, NoSuchProcess) {
    EXPECT_EQ(error(4711), "--pid 4711: no such process");
    EXPECT_EQ(error(0), "--pid 0: no such process");
    EXPECT_EQ(error(-5), "--pid -5: no such process");
}

TEST_F(ResolvePid, SaysWhatElseItIs) {
    scene.files().put({.pid = 4711, .comm = "nginx", .program = "nginx", .command_line = {"nginx: master"}});
    EXPECT_EQ(error(4711), "--pid 4711: \"nginx: master\" is not a Gunicorn (no process below it shares a wgunicorn "
                           "heartbeat file)");
    scene.files().put({.pid = 2, .comm = "kthreadd", .command_line = {}});
    EXPECT_TRUE(error(2).starts_with("--pid 2: \"kthreadd\" is not a Gunicorn")) << error(2);
}

TEST_F(ResolvePid, ShowsOnlyThePrintableBeginningOfCommandLines) {
    scene.files().put({.pid = 4711, .program = "x", .command_line = {"a\x1b[31m\"b", std::string(500, 'c')}});
    EXPECT_EQ(error(4711).find('\x1b'), std::string::npos);
    EXPECT_TRUE(error(4711).contains("\"a?[31m?b ccc")) << error(4711);
    EXPECT_LT(error(4711).size(), 200u);
}

TEST_F(ResolvePid, AMasterWithoutWorkersCannotBeTold) {
    scene.start_master(300);
    EXPECT_TRUE(error(300).contains("is not a Gunicorn"));
}

TEST_F(ResolvePid, ChildrenOfWorkersPointToTheMaster) {
    scene.fork_plainly(103, 101);
    EXPECT_TRUE(
        error(103).ends_with("is a child of the Gunicorn worker 101, not a worker itself (use --pid 100, the master)"))
        << error(103);
}

TEST_F(ResolvePid, ForksOfHooksPointToTheMaster) {
    scene.fork_plainly(103, 100);
    EXPECT_TRUE(error(103).ends_with("is a process forked by the Gunicorn master 100, not a worker (use --pid 100)"))
        << error(103);
}

TEST_F(ResolvePid, DirtyProcessesPointToTheMaster) {
    scene.fork_plainly(110, 100);
    scene.process(110).files.clear();
    scene.process(110).caught_signals = dirty_arbiter_signals();
    scene.start_worker(111, 110);
    EXPECT_TRUE(
        error(110).ends_with("is Gunicorn's dirty arbiter, which serves no HTTP requests (use --pid 100, the master)"))
        << error(110);
    EXPECT_TRUE(
        error(111).ends_with("is Gunicorn's dirty worker, which serves no HTTP requests (use --pid 100, the master)"))
        << error(111);
}

TEST_F(ResolvePid, AThreadIsNoProcess) {
    scene.files().put({.pid = 500});
    scene.files().write("500/status", "Tgid:\t100\nPid:\t500\n");
    EXPECT_EQ(error(500), "--pid 500: is a thread of the process 100, not a process");
}

} // namespace
} // namespace gunicorn

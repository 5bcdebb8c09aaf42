// SPDX-License-Identifier: BSD-2-Clause
// Births, executions, signals, deaths and listening sockets: one trigger, every field of its record.
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

class Lifecycle : public ProbeFixture {};

TEST_F(Lifecycle, Fork) {
    const auto before = now();
    ChildProcess child([](const Steps&) { return 0; });
    const auto after = now();
    const auto forked = take_one<event::Forked>(child.pid());
    ASSERT_TRUE(forked);
    EXPECT_GT(forked->slot, 0u);
    EXPECT_NE(forked->slot, master_slot_);
    EXPECT_EQ(forked->parent_slot, master_slot_);
    EXPECT_EQ(forked->parent_pid, getpid());
    EXPECT_GE(forked->at, before);
    EXPECT_LE(forked->at, after);
}

TEST_F(Lifecycle, SlotsDiffer) {
    ChildProcess first([](const Steps&) { return 0; });
    ChildProcess second([](const Steps&) { return 0; });
    const auto forks = take<event::Forked>();
    ASSERT_EQ(forks.size(), 2u);
    EXPECT_NE(forks[0].slot, forks[1].slot);
    EXPECT_EQ(entries("processes"), 3u);
}

TEST_F(Lifecycle, ThreadsAreNotForks) {
    std::thread([] {}).join();
    EXPECT_TRUE(take<event::Forked>().empty());
}

TEST_F(Lifecycle, ChildrenOfWorkersAreNotForks) {
    const auto worker = fork_worker([](const Steps&) {
        const pid_t child = fork();
        if (!child) _exit(0);
        waitpid(child, nullptr, 0);
        return 0;
    });
    worker->go();
    worker->join();
    EXPECT_TRUE(take<event::Forked>().empty());
    EXPECT_EQ(take<event::Exited>().size(), 1u);
}

TEST_F(Lifecycle, ExitWithCode) {
    event::Slot slot = 0;
    const auto worker = fork_worker([](const Steps&) { return 7; }, &slot);
    const auto before = now();
    worker->go();
    EXPECT_EQ(worker->join(), 7 << 8);
    const auto exited = take_one<event::Exited>(worker->pid());
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->slot, slot);
    EXPECT_EQ(exited->wait_status, 7 << 8);
    EXPECT_GE(exited->at, before);
    EXPECT_LE(exited->at, now());
}

TEST_F(Lifecycle, ExitOfAThreadIsNone) {
    const auto worker = fork_worker([](const Steps& steps) {
        std::thread([] {}).join();
        steps.done();
        steps.wait();
        return 0;
    });
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_TRUE(take<event::Exited>().empty());
    worker->go();
    EXPECT_EQ(worker->join(), 0);
    EXPECT_EQ(take<event::Exited>().size(), 1u);
}

TEST_F(Lifecycle, ExitOfTheFirstThreadIsNone) {
    // The process lives on in another thread; its last one ends it.
    const auto worker = fork_worker([](const Steps& steps) -> int {
        std::thread([&] {
            usleep(20'000);
            steps.done();
            steps.wait();
            _exit(3);
        }).detach();
        syscall(SYS_exit, 0);
        return 0;
    });
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_TRUE(take<event::Exited>().empty());
    worker->go();
    EXPECT_EQ(worker->join(), 3 << 8);
    const auto exited = take_one<event::Exited>(worker->pid());
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->wait_status, 3 << 8);
}

TEST_F(Lifecycle, SignalThatKills) {
    event::Slot slot = 0;
    const auto worker = fork_worker([](const Steps&) { return pause(); }, &slot);
    const auto before = now();
    worker->kill(SIGKILL);
    EXPECT_EQ(worker->join(), SIGKILL);
    const auto signalled = take_one<event::Signalled>(worker->pid());
    ASSERT_TRUE(signalled);
    EXPECT_EQ(signalled->slot, slot);
    EXPECT_EQ(signalled->signal, SIGKILL);
    EXPECT_EQ(signalled->code, SI_USER);
    EXPECT_TRUE(signalled->applied);
    EXPECT_EQ(signalled->sender, getpid());
    EXPECT_GE(signalled->at, before);
    EXPECT_LE(signalled->at, now());
    const auto exited = take_one<event::Exited>(worker->pid());
    ASSERT_TRUE(exited);
    EXPECT_EQ(exited->wait_status, SIGKILL); // without the core flag
    EXPECT_GE(exited->at, signalled->at);
}

TEST_F(Lifecycle, SignalThatIsIgnored) {
    const auto worker = fork_worker([](const Steps& steps) {
        signal(SIGTERM, SIG_IGN);
        steps.done();
        steps.wait();
        return 0;
    });
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    worker->kill(SIGTERM);
    const auto signalled = take_one<event::Signalled>(worker->pid());
    ASSERT_TRUE(signalled);
    EXPECT_EQ(signalled->signal, SIGTERM);
    EXPECT_FALSE(signalled->applied);
    worker->go();
    EXPECT_EQ(worker->join(), 0);
}

TEST_F(Lifecycle, SignalToItself) {
    const auto worker = fork_worker([](const Steps&) {
        signal(SIGUSR1, [](int) {});
        return static_cast<int>(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
    });
    worker->go();
    EXPECT_EQ(worker->join(), 0);
    const auto signalled = take_one<event::Signalled>(worker->pid());
    ASSERT_TRUE(signalled);
    EXPECT_EQ(signalled->signal, SIGUSR1);
    EXPECT_EQ(signalled->code, SI_TKILL);
    EXPECT_TRUE(signalled->applied);
    EXPECT_EQ(signalled->sender, worker->pid());
}

TEST_F(Lifecycle, SignalsOfNoInterest) {
    const auto worker = fork_worker([](const Steps&) { return pause(); });
    worker->kill(SIGCHLD);
    worker->kill(SIGURG);
    EXPECT_TRUE(take<event::Signalled>().empty());
}

TEST_F(Lifecycle, SignalToTheMaster) {
    const auto previous = signal(SIGHUP, [](int) {});
    raise(SIGHUP);
    signal(SIGHUP, previous);
    const auto signalled = take_one<event::Signalled>(getpid());
    ASSERT_TRUE(signalled);
    EXPECT_EQ(signalled->slot, master_slot_);
    EXPECT_EQ(signalled->signal, SIGHUP);
}

TEST_F(Lifecycle, Exec) {
    event::Slot slot = 0;
    const auto worker = fork_worker([](const Steps&) { return execl("/bin/true", "true", nullptr); }, &slot);
    const auto before = now();
    worker->go();
    EXPECT_EQ(worker->join(), 0);
    const auto executed = take_one<event::Executed>(worker->pid());
    ASSERT_TRUE(executed);
    EXPECT_EQ(executed->slot, slot);
    EXPECT_GE(executed->at, before);
    EXPECT_LE(executed->at, now());
    EXPECT_TRUE(take<event::Exited>().empty()) << "it is no worker any more";
}

TEST_F(Lifecycle, MasterListens) {
    const auto before = now();
    const Listener another;
    const auto listening = take_one<event::Listening>(getpid());
    ASSERT_TRUE(listening);
    EXPECT_EQ(listening->slot, master_slot_);
    EXPECT_EQ(listening->socket_inode, another.inode());
    EXPECT_GE(listening->at, before);
    EXPECT_LE(listening->at, now());
    EXPECT_EQ(entries("listeners"), 2u);
}

// Gunicorn's control socket, which is opened anew at each fork.
TEST_F(Lifecycle, WhatListensInAnotherThreadIsNoListener) {
    std::thread([] { const Listener control; }).join();
    EXPECT_TRUE(take<event::Listening>().empty());
    EXPECT_EQ(entries("listeners"), 1u);
}

TEST_F(Lifecycle, WorkerListensForItself) {
    const auto worker = fork_worker([](const Steps&) {
        const Listener sidecar;
        return 0;
    });
    worker->go();
    EXPECT_EQ(worker->join(), 0);
    EXPECT_TRUE(take<event::Listening>().empty());
    EXPECT_EQ(entries("listeners"), 1u);
}

TEST_F(Lifecycle, SuccessorIsACandidate) {
    // A master's child that executed something and listens: as after SIGUSR2.
    const auto child = fork_worker([](const Steps&) {
        return execl("/usr/bin/python3", "python3", "-c", "import socket; socket.create_server(('127.0.0.1', 0))",
                     nullptr);
    });
    child->go();
    ASSERT_EQ(child->join(), 0);
    const auto listening = take_one<event::Listening>(child->pid());
    ASSERT_TRUE(listening);
    EXPECT_NE(listening->slot, worker_slot_) << "another one than before it executed";
    EXPECT_NE(listening->slot, master_slot_);
    EXPECT_EQ(take<event::Exited>().size(), 1u);
}

TEST_F(Lifecycle, StrangersDoNothing) {
    probe_->release(master_slot_, getpid());
    ChildProcess unobserved([](const Steps&) {
        const Listener listener;
        return 0;
    });
    unobserved.go();
    EXPECT_EQ(unobserved.join(), 0);
    EXPECT_TRUE(take<event::Forked>().empty());
    EXPECT_TRUE(take<event::Listening>().empty());
    EXPECT_TRUE(take<event::Exited>().empty());
    EXPECT_EQ(entries("processes"), 0u);
}

class AnybodyMayListen : public ProbeFixture {
protected:
    AnybodyMayListen() : ProbeFixture(with_candidates()) {}
    static probe::Options with_candidates() {
        auto options = small_options();
        options.candidates = probe::Candidates::everybody;
        return options;
    }
};

TEST_F(AnybodyMayListen, AStrangerAndItsForks) {
    probe_->release(master_slot_, getpid());
    ChildProcess unobserved([](const Steps& steps) {
        const Listener listener;
        const pid_t child = fork();
        if (!child) _exit(0);
        waitpid(child, nullptr, 0);
        steps.done();
        return 0;
    });
    unobserved.go();
    ASSERT_EQ(unobserved.join(), 0);
    const auto listening = take_one<event::Listening>(unobserved.pid());
    ASSERT_TRUE(listening);
    EXPECT_GT(listening->slot, 0u);
    const auto forks = take<event::Forked>();
    const auto its_fork = std::ranges::find(forks, unobserved.pid(), &event::Forked::parent_pid);
    ASSERT_NE(its_fork, forks.end());
    EXPECT_EQ(its_fork->parent_slot, listening->slot);
}

} // namespace
} // namespace kernel_test

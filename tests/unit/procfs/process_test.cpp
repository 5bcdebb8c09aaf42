// SPDX-License-Identifier: BSD-2-Clause
// One process of /proc.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <iterator>

#include "descriptor.h"
#include "fixtures/proc_tree.h"
#include "procfs/procfs.h"

namespace {

class Process : public testing::Test {
protected:
    fixtures::ProcTree tree;
    procfs::ProcFs proc{tree.root()};
};

TEST_F(Process, ReadsStat) {
    tree.put({.pid = 40,
              .parent = 7,
              .state = 'R',
              .start_ticks = 123456,
              .stack_start = 140737,
              .user_ticks = 250,
              .system_ticks = 50,
              .threads = 9});
    const auto stat = proc.stat(40).value();
    EXPECT_EQ(stat.comm, "python3");
    EXPECT_EQ(stat.state, 'R');
    EXPECT_EQ(stat.parent, 7);
    EXPECT_EQ(stat.user_ticks, 250u);
    EXPECT_EQ(stat.system_ticks, 50u);
    EXPECT_EQ(stat.threads, 9u);
    EXPECT_EQ(stat.start_ticks, 123456u);
    EXPECT_EQ(stat.virtual_bytes, 12345678u);
    EXPECT_EQ(stat.stack_start, 140737u);
}

TEST_F(Process, CommMayHoldBlanksAndParentheses) {
    for (const std::string comm : {"gunicorn: maste", "a) R 1 (b", "((", "))", "", "two\nlines"}) {
        tree.put({.pid = 40, .parent = 7, .comm = comm, .start_ticks = 99});
        const auto stat = proc.stat(40);
        ASSERT_TRUE(stat.has_value()) << comm;
        EXPECT_EQ(stat->comm, comm);
        EXPECT_EQ(stat->parent, 7) << comm;
        EXPECT_EQ(stat->start_ticks, 99u) << comm;
    }
}

TEST_F(Process, RefusesACutStat) {
    for (const std::string text : {"", "40", "40 (python3", "40 (python3)", "40 (python3) S 7 1 1 0 -1 4194560 100"}) {
        tree.write("40/stat", text);
        EXPECT_FALSE(proc.stat(40).has_value()) << text;
    }
}

TEST_F(Process, ReadsStatus) {
    tree.put({.pid = 30023,
              .caught_signals = fixtures::signals({SIGHUP, SIGCHLD}),
              .resident_kilobytes = 51200,
              .namespace_pids = {30023, 1}});
    const auto status = proc.status(30023).value();
    EXPECT_EQ(status.process, 30023);
    EXPECT_EQ(status.namespace_pids, (std::vector<pid_t>{30023, 1}));
    EXPECT_TRUE(status.catches(SIGHUP));
    EXPECT_TRUE(status.catches(SIGCHLD));
    EXPECT_FALSE(status.catches(SIGTERM));
    EXPECT_EQ(proc.resident_bytes(30023).value(), 52428800u);
}

TEST_F(Process, ResidentMemoryIsAnErrorWhereThereIsNone) {
    tree.put({.pid = 40, .state = 'Z', .resident_kilobytes = 0});
    EXPECT_TRUE(proc.status(40).has_value());
    EXPECT_TRUE(proc.resident_bytes(40).error().text.contains("VmRSS"));
}

TEST_F(Process, RefusesStatusThatIsNotUnderstood) {
    tree.write("40/status", "Name:\tx\n");
    EXPECT_FALSE(proc.status(40).has_value());
    tree.write("40/status", "Tgid:\t40\nSigCgt:\tzz\n");
    EXPECT_FALSE(proc.status(40).has_value());
    tree.write("40/status", "Tgid:\t40\nVmRSS:\tmuch kB\n");
    EXPECT_FALSE(proc.status(40).has_value());
}

TEST_F(Process, SplitsTheCommandLine) {
    tree.put({.pid = 40, .command_line = {"/usr/bin/python3", "", "-b", "a b"}});
    EXPECT_EQ(proc.command_line(40).value(), (std::vector<std::string>{"/usr/bin/python3", "", "-b", "a b"}));
}

TEST_F(Process, CutsThePaddingOfSetproctitle) {
    using namespace std::string_literals;
    const std::vector<std::string> title = {"gunicorn: master [wapp:app]"};
    for (const auto& padding : {""s, "\0"s, "     "s, "   \0"s, "\0\0\0\0"s, "  \0\0\0"s}) {
        tree.write("40/cmdline", "gunicorn: master [wapp:app]" + padding);
        EXPECT_EQ(proc.command_line(40).value(), title) << padding.size();
    }
}

TEST_F(Process, CommandLineOfAKernelThreadIsEmpty) {
    tree.write("2/cmdline", "");
    EXPECT_TRUE(proc.command_line(2).value().empty());
    tree.write("2/cmdline", std::string(8, '\0'));
    EXPECT_TRUE(proc.command_line(2).value().empty());
}

TEST_F(Process, ReadsLongCommandLinesWhole) {
    const std::string longest(100'000, 'x');
    tree.put({.pid = 40, .command_line = {"a", longest, "b"}});
    EXPECT_EQ(proc.command_line(40).value(), (std::vector<std::string>{"a", longest, "b"}));
}

TEST_F(Process, ListsOpenFilesByNumber) {
    tree.put({.pid = 40, .files = {"a", "b", "c", "d", "e", "wgunicorn-x (deleted)"}});
    const auto all = proc.open_files(40).value();
    ASSERT_EQ(all.size(), 7u);
    EXPECT_EQ(all.front().fd, 0);
    EXPECT_EQ(all.front().target, "/dev/null");
    EXPECT_EQ(all.back().fd, 10); // by number, not by text

    const auto some = proc.open_files(40, "wgunicorn-").value();
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some[0].fd, 10);
    EXPECT_TRUE(some[0].target.ends_with("/wgunicorn-x (deleted)"));
}

TEST_F(Process, CountsOpenFiles) {
    tree.put({.pid = 40, .files = {"a", "b"}, .verbatim_links = {"socket:[900]"}});
    EXPECT_EQ(proc.open_file_count(40).value(), 4u);
    tree.put({.pid = 40});
    EXPECT_EQ(proc.open_file_count(40).value(), 1u);
}

// By whichever way the kernel offers.
TEST(OpenFileCount, IsThatOfTheRunningKernel) {
    const procfs::ProcFs proc;
    const auto listed = [] {
        const std::filesystem::directory_iterator files("/proc/self/fd");
        return std::distance(begin(files), end(files)) - 1; // without the directory itself
    };
    EXPECT_EQ(proc.open_file_count(getpid()).value(), static_cast<std::uint64_t>(listed()));
    std::array<Descriptor, 300> more;
    for (auto& descriptor : more) descriptor = Descriptor(dup(0));
    EXPECT_EQ(proc.open_file_count(getpid()).value(), static_cast<std::uint64_t>(listed()));
    EXPECT_GE(listed(), 300);
}

TEST_F(Process, ReadsTheSoftLimitOfOpenFiles) {
    tree.write("40/limits", "Limit                     Soft Limit           Hard Limit           Units     \n"
                            "Max cpu time              unlimited            unlimited            seconds   \n"
                            "Max open files            1024                 524288               files     \n"
                            "Max locked memory         8388608              8388608              bytes     \n");
    EXPECT_EQ(proc.open_file_limit(40).value(), 1024u);
    tree.write("40/limits", "Max open files            unlimited            unlimited            files     \n");
    EXPECT_FALSE(proc.open_file_limit(40).has_value());
    tree.write("40/limits", "");
    EXPECT_FALSE(proc.open_file_limit(40).has_value());

    rlimit own{};
    getrlimit(RLIMIT_NOFILE, &own);
    EXPECT_EQ(procfs::ProcFs{}.open_file_limit(getpid()).value(), own.rlim_cur);
}

TEST_F(Process, SharedFilesHaveOneIdentity) {
    tree.put({.pid = 40, .files = {"one", "two"}});
    tree.put({.pid = 41, .files = {"two"}});
    EXPECT_EQ(proc.file_id(40, 6).value(), proc.file_id(41, 5).value());
    EXPECT_NE(proc.file_id(40, 5).value(), proc.file_id(41, 5).value());
    EXPECT_FALSE(proc.file_id(40, 99).has_value());
    EXPECT_EQ(proc.program(40).value(), proc.program(41).value());
}

TEST_F(Process, ListsSocketsOnce) {
    tree.put({.pid = 40, .verbatim_links = {"socket:[900]", "socket:[30]", "pipe:[31]", "socket:[900]", "socket:[x]"}});
    EXPECT_EQ(proc.socket_inodes(40).value(), (std::vector<std::uint64_t>{30, 900}));
}

TEST_F(Process, AVanishedProcessIsAnErrorEverywhere) {
    tree.put({.pid = 40});
    EXPECT_TRUE(proc.exists(40));
    tree.remove(40);
    EXPECT_FALSE(proc.exists(40));
    EXPECT_FALSE(proc.stat(40).has_value());
    EXPECT_FALSE(proc.status(40).has_value());
    EXPECT_FALSE(proc.resident_bytes(40).has_value());
    EXPECT_FALSE(proc.command_line(40).has_value());
    EXPECT_FALSE(proc.program(40).has_value());
    EXPECT_FALSE(proc.pid_namespace(40).has_value());
    EXPECT_FALSE(proc.open_files(40).has_value());
    EXPECT_FALSE(proc.open_file_count(40).has_value());
    EXPECT_FALSE(proc.open_file_limit(40).has_value());
    EXPECT_FALSE(proc.socket_inodes(40).has_value());
    EXPECT_FALSE(proc.tcp_sockets(40).has_value());
    EXPECT_FALSE(proc.unix_sockets(40).has_value());
    EXPECT_TRUE(proc.stat(40).error().text.ends_with("/40/stat: No such file or directory"));
}

TEST_F(Process, NumbersThatAreNoPidsDoNotExist) {
    EXPECT_FALSE(proc.exists(0));
    EXPECT_FALSE(proc.exists(-1));
}

} // namespace

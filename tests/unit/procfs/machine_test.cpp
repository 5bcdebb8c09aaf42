// SPDX-License-Identifier: BSD-2-Clause
// /proc as a whole.
#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "fixtures/proc_tree.h"
#include "procfs/procfs.h"

namespace {

TEST(Machine, ListsNumericFoldersAscending) {
    fixtures::ProcTree tree;
    for (const pid_t pid : {300, 7, 45}) tree.put({.pid = pid});
    tree.write("self-test/file", "");
    EXPECT_EQ(procfs::ProcFs{tree.root()}.pids().value(), (std::vector<pid_t>{7, 45, 300}));
}

TEST(Machine, ReadsBootTimeUptimeAndPidMax) {
    fixtures::ProcTree tree;
    tree.set_boot_time(1'234'567'890);
    tree.set_uptime(1000);
    const procfs::ProcFs proc{tree.root()};
    EXPECT_EQ(proc.boot_time().value(), 1'234'567'890);
    EXPECT_EQ(proc.uptime_ticks().value(), 1000 * proc.ticks_per_second() + proc.ticks_per_second() / 4);
    EXPECT_EQ(proc.pid_max().value(), 4'194'304);
}

TEST(Machine, KnowsTheCallingProcess) {
    EXPECT_EQ(procfs::ProcFs{}.own_pid().value(), getpid());
    const fixtures::ProcTree tree;
    const procfs::ProcFs proc{tree.root()};
    EXPECT_TRUE(proc.own_pid().error().text.contains("/self: No such file"));
    std::filesystem::create_symlink("312", tree.root() / "self"); // as another namespace counts
    EXPECT_EQ(proc.own_pid().value(), 312);
}

TEST(Machine, SaysWhichFileIsMissingOrOdd) {
    fixtures::ProcTree tree;
    tree.write("stat", "cpu 1 2 3\n");
    tree.write("uptime", "soon\n");
    tree.write("sys/kernel/pid_max", "many\n");
    const procfs::ProcFs proc{tree.root()};
    EXPECT_TRUE(proc.boot_time().error().text.ends_with("/stat: no line \"btime\""));
    EXPECT_TRUE(proc.uptime_ticks().error().text.contains("/uptime: not a time"));
    EXPECT_TRUE(proc.pid_max().error().text.contains("/pid_max: not a number"));

    const procfs::ProcFs none{tree.root() / "none"};
    EXPECT_TRUE(none.pids().error().text.ends_with("/none: No such file or directory"));
    EXPECT_FALSE(none.boot_time().has_value());
}

// The real /proc: its form is the kernel's to change.
TEST(RealProc, TellsAboutThisProcess) {
    const procfs::ProcFs proc;
    const auto pids = proc.pids().value();
    EXPECT_TRUE(std::ranges::binary_search(pids, getpid()));

    const auto stat = proc.stat(getpid()).value();
    EXPECT_EQ(stat.parent, getppid());
    EXPECT_NE(stat.stack_start, 0u);
    const auto uptime = proc.uptime_ticks().value();
    EXPECT_LE(stat.start_ticks, uptime);
    EXPECT_GT(stat.start_ticks + 600 * proc.ticks_per_second(), uptime);

    const auto status = proc.status(getpid()).value();
    EXPECT_EQ(status.namespace_pids.front(), getpid());
    EXPECT_GT(proc.resident_bytes(getpid()).value(), 1'000'000u);
    EXPECT_NE(proc.pid_namespace(getpid()).value(), 0u);
    EXPECT_TRUE(proc.command_line(getpid()).value().front().ends_with("procfs_test"));
    EXPECT_GT(proc.pid_max().value(), getpid());
}

TEST(RealProc, BootTimePlusStartIsTheTimeOfStart) {
    const procfs::ProcFs proc;
    const auto stat = proc.stat(getpid()).value();
    const auto start =
        proc.boot_time().value() + static_cast<std::int64_t>(stat.start_ticks / procfs::ProcFs::ticks_per_second());
    EXPECT_NEAR(static_cast<double>(start), static_cast<double>(time(nullptr)), 120.0);
}

TEST(RealProc, IdentifiesUnlinkedFiles) {
    const procfs::ProcFs proc;
    std::string name = "/tmp/unlinked-XXXXXX";
    const int fd = mkstemp(name.data());
    ASSERT_GE(fd, 0);
    unlink(name.c_str());
    const auto files = proc.open_files(getpid(), name).value();
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].fd, fd);
    EXPECT_EQ(files[0].target, name + " (deleted)");
    EXPECT_NE(proc.file_id(getpid(), fd).value().inode, 0u);
    close(fd);
    EXPECT_TRUE(proc.open_files(getpid(), name).value().empty());
}

} // namespace

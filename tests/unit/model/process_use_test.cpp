// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "model/process_use.h"

namespace {

// Of this process, by calls that do not go by /proc.
double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t pages(int field) {
    std::ifstream file("/proc/self/statm");
    std::uint64_t value = 0;
    for (int i = 0; i <= field; ++i) file >> value;
    return value * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(OwnProcess, IsTheCallingOne) {
    const procfs::ProcFs proc;
    const model::OwnProcess own(proc);
    while (cpu_seconds() < 0.05) {
    }
    const auto before = cpu_seconds();
    const auto use = own.read();
    const auto after = cpu_seconds();
    ASSERT_TRUE(use.has_value());
    const auto shown = std::chrono::duration<double>(use->cpu_time).count();
    EXPECT_GE(shown, before - 0.03) << "two numbers, each rounded down to a hundredth";
    EXPECT_LE(shown, after + 0.01);
    EXPECT_EQ(use->virtual_bytes, pages(0));
    EXPECT_GT(use->use.memory_bytes.value_or(0), 500'000u);
    EXPECT_EQ(use->use.threads, 1u);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    EXPECT_EQ(use->use.max_fds, limit.rlim_cur);
    EXPECT_EQ(use->use.open_fds, proc.open_file_count(getpid()).value());

    const auto stat = proc.stat(getpid()).value();
    const auto ticks = static_cast<double>(stat.start_ticks) / static_cast<double>(procfs::ProcFs::ticks_per_second());
    EXPECT_DOUBLE_EQ(use->started, static_cast<double>(proc.boot_time().value()) + ticks);
}

TEST(OwnProcess, IsNothingInAProcThatDoesNotShowIt) {
    const procfs::ProcFs proc("/nonexistent");
    EXPECT_FALSE(model::OwnProcess(proc).read().has_value());
}

} // namespace

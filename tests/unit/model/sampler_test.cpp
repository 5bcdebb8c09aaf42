// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "model/sampler.h"
#include "tree_fixture.h"

using namespace std::chrono_literals;

namespace {

// A /proc with the files that the sampler reads.
class SamplerTest : public testing::Test {
protected:
    ~SamplerTest() override { std::filesystem::remove_all(root_); }

    // user and system time and start in ticks of 1/100 s.
    void process(pid_t pid, int user, int system, int start, long resident_kb) {
        const auto folder = root_ / std::to_string(pid);
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "stat") << fmt::format(
            "{} (gunicorn: wor) ker) S 100 100 100 0 -1 4194560 10 0 0 0 {} {} 7 8 20 0 1 0 {} 1000 99 "
            "18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 0 0 0 0 0 0 1 2 3 4 5 6 7 0\n",
            pid, user, system, start);
        std::ofstream(folder / "status") << fmt::format(
            "Name:\tgunicorn\nTgid:\t{}\nPid:\t{}\nPPid:\t100\nNSpid:\t{}\nVmHWM:\t 99999 kB\nVmRSS:\t {} kB\n"
            "Threads:\t1\nSigCgt:\t0000000000000000\n",
            pid, pid, pid, resident_kb);
    }
    void descriptors(pid_t pid, int count, int limit) {
        const auto folder = root_ / std::to_string(pid);
        std::filesystem::create_directories(folder / "fd");
        for (int fd = 0; fd < count; ++fd) std::ofstream(folder / "fd" / std::to_string(fd));
        std::ofstream(folder / "limits") << fmt::format("Max open files            {} 524288 files\n", limit);
    }
    void vanish(pid_t pid) { std::filesystem::remove_all(root_ / std::to_string(pid)); }

    std::vector<model::Sample> sample_at(std::chrono::nanoseconds now) {
        now_ = now;
        return sampler_.sample(masters_);
    }

    std::vector<model::Sample> sample_new_at(std::chrono::nanoseconds now) {
        now_ = now;
        return sampler_.sample_new(masters_);
    }

    const model::Sampler& sampler() const { return sampler_; }

    std::vector<gunicorn::Master> masters_{master(100, {worker(101, 1, 1, 5000)})};

private:
    static std::filesystem::path new_folder() {
        std::string pattern = testing::TempDir() + "sampler-XXXXXX";
        return mkdtemp(pattern.data());
    }

    const std::filesystem::path root_ = new_folder();
    std::chrono::nanoseconds now_{0};
    procfs::ProcFs proc_{root_};
    model::Sampler sampler_{proc_, [this] { return now_; }};
};

TEST_F(SamplerTest, MemoryAtOnceAndCpuFromTheSecondSampleOn) {
    ASSERT_EQ(procfs::ProcFs::ticks_per_second(), 100u) << "what these numbers are made for";
    process(101, 100, 50, 5000, 51200);
    auto samples = sample_at(10s);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_EQ(samples[0].slot, 1u);
    EXPECT_EQ(samples[0].use.memory_bytes, 52428800u);
    EXPECT_FALSE(samples[0].cpu_percent.has_value());

    process(101, 110, 55, 5000, 51204);
    samples = sample_at(12s); // 0.15 s in 2 s
    EXPECT_EQ(samples.at(0).use.memory_bytes, 52432896u);
    ASSERT_TRUE(samples[0].cpu_percent.has_value());
    EXPECT_DOUBLE_EQ(*samples[0].cpu_percent, 7.5);

    EXPECT_EQ(sample_at(13s).at(0).cpu_percent, 0.0) << "over the last interval, not since the start";
}

TEST_F(SamplerTest, TimeByModeSinceTheProcessBegan) {
    process(101, 12345, 678, 5000, 4);
    const auto samples = sample_at(10s);
    EXPECT_EQ(samples.at(0).pid, 101);
    ASSERT_TRUE(samples[0].cpu_time.has_value());
    EXPECT_EQ(samples[0].cpu_time->user, 123'450ms);
    EXPECT_EQ(samples[0].cpu_time->system, 6780ms);
}

TEST_F(SamplerTest, DescriptorsAndLimitOfWorkersAndMasters) {
    process(101, 1, 1, 5000, 4);
    process(100, 1, 1, 4000, 8);
    descriptors(101, 3, 1024);
    descriptors(100, 5, 2048);
    masters_[0].start_ticks = 4000;
    const auto samples = sample_at(1s);
    EXPECT_EQ(samples.at(0).use.open_fds, 3u);
    EXPECT_EQ(samples[0].use.max_fds, 1024u);
    ASSERT_EQ(sampler().masters().size(), 1u);
    const auto master = sampler().masters()[0];
    EXPECT_EQ(master.pid, 100);
    EXPECT_EQ(master.start_ticks, 4000u);
    EXPECT_EQ(master.use.open_fds, 5u);
    EXPECT_EQ(master.use.max_fds, 2048u);
    EXPECT_EQ(master.use.threads, 1u);
    EXPECT_EQ(master.use.memory_bytes, 8192u);

    descriptors(100, 6, 2048);
    sample_new_at(2s);
    EXPECT_EQ(sampler().masters().at(0).use.open_fds, 5u) << "once in an interval";
    sample_at(3s);
    EXPECT_EQ(sampler().masters().at(0).use.open_fds, 6u);
    process(100, 1, 1, 4500, 8); // another process
    sample_at(4s);
    EXPECT_TRUE(sampler().masters().empty());
    masters_[0].start_ticks = 4500;
    sample_new_at(4s);
    EXPECT_EQ(sampler().masters().size(), 1u) << "a new one at once";
    masters_[0].alive = false;
    sample_at(5s);
    EXPECT_TRUE(sampler().masters().empty());
}

TEST_F(SamplerTest, FirstPercentageDoesNotWaitForTheInterval) {
    process(101, 100, 50, 5000, 51200);
    sample_at(10s);
    EXPECT_TRUE(sample_new_at(10s + 700ms).empty()) << "hundredths of a second say little over less";
    process(101, 150, 50, 5000, 99999);
    const auto samples = sample_new_at(11s);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_EQ(samples[0].cpu_percent, 50.0);
    EXPECT_EQ(samples[0].cpu_time->user, 1500ms);
    EXPECT_EQ(samples[0].use.memory_bytes, 52428800u) << "as sampled: once in an interval";
    EXPECT_TRUE(sample_new_at(12s).empty()) << "it has one";
    EXPECT_EQ(sample_at(20s).at(0).cpu_percent, 5.0) << "over the whole interval";
}

TEST_F(SamplerTest, NewWorkerHasValuesAtOnceAndAPercentageSoon) {
    sample_at(9s);
    process(101, 100, 0, 5000, 4);
    const auto samples = sample_new_at(10s);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_EQ(samples[0].use.memory_bytes, 4096u);
    EXPECT_FALSE(samples[0].cpu_percent.has_value());
    process(101, 180, 0, 5000, 4);
    EXPECT_EQ(sample_new_at(11s).at(0).cpu_percent, 80.0);
    process(101, 200, 0, 5000, 4);
    EXPECT_EQ(sample_at(14s).at(0).cpu_percent, 25.0);
}

TEST_F(SamplerTest, IntervalThatEndsRightAfterABirthGivesNoPercentage) {
    process(101, 100, 0, 5000, 4);
    sample_new_at(10s);
    process(101, 101, 0, 5000, 4);
    EXPECT_FALSE(sample_at(10s + 5ms).at(0).cpu_percent.has_value());
    process(101, 111, 0, 5000, 4);
    EXPECT_DOUBLE_EQ(sample_at(10s + 105ms).at(0).cpu_percent.value_or(-1), 100.0) << "intervals can be short";
}

TEST_F(SamplerTest, TwoCoresAreTwoHundredPercent) {
    process(101, 0, 0, 5000, 4);
    sample_at(1s);
    process(101, 400, 0, 5000, 4);
    EXPECT_EQ(sample_at(3s).at(0).cpu_percent, 200.0);
}

TEST_F(SamplerTest, ReusedPidIsNotMixedWithTheOldProcess) {
    process(101, 100, 0, 5000, 4);
    sample_at(1s);
    process(101, 300, 0, 7000, 400); // another process, which the tree has not noticed yet
    auto samples = sample_at(2s);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_FALSE(samples[0].use.memory_bytes.has_value());
    EXPECT_FALSE(samples[0].cpu_percent.has_value());

    masters_[0].workers[0] = worker(101, 2, 2, 7000);
    samples = sample_at(3s);
    EXPECT_EQ(samples.at(0).use.memory_bytes, 409600u);
    EXPECT_FALSE(samples[0].cpu_percent.has_value()) << "its first sample";
    process(101, 350, 0, 7000, 400);
    EXPECT_EQ(sample_at(4s).at(0).cpu_percent, 50.0);
}

TEST_F(SamplerTest, VanishedWorkerHasNoValues) {
    process(101, 100, 0, 5000, 4);
    sample_at(1s);
    vanish(101);
    const auto samples = sample_at(2s);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_FALSE(samples[0].use.memory_bytes.has_value());
    EXPECT_FALSE(samples[0].cpu_percent.has_value());
}

TEST_F(SamplerTest, DeadAndUnobservedWorkersAreNotRead) {
    process(101, 1, 1, 5000, 4);
    process(102, 1, 1, 5000, 4);
    masters_[0].workers[0].death = gunicorn::Death{};
    masters_[0].workers.push_back(worker(102, 0, 2, 5000));
    EXPECT_TRUE(sample_at(1s).empty());
}

TEST_F(SamplerTest, ClockThatStandsStillGivesNoPercentage) {
    process(101, 1, 1, 5000, 4);
    sample_at(1s);
    EXPECT_FALSE(sample_at(1s).at(0).cpu_percent.has_value());
}

TEST(Sampler, ReadsThisProcess) {
    const procfs::ProcFs proc;
    const auto stat = proc.stat(getpid());
    ASSERT_TRUE(stat.has_value());
    const std::vector masters{master(1, {worker(getpid(), 1, 1, stat->start_ticks)})};
    model::Sampler sampler(proc, [] { return std::chrono::steady_clock::now().time_since_epoch(); });
    sampler.sample(masters);
    const auto until = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < until) {
    }
    const auto samples = sampler.sample(masters);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_GT(samples[0].use.memory_bytes.value_or(0), 500'000u);
    EXPECT_GT(samples[0].cpu_percent.value_or(0), 5.0) << "it was busy, however loaded the machine is";
    EXPECT_LE(samples[0].cpu_percent.value_or(0), 110.0);
}

} // namespace

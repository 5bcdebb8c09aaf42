// SPDX-License-Identifier: BSD-2-Clause
// Samples by thread and time, of a Python of this machine.
#include <gtest/gtest.h>
#include <unistd.h>

#include "python_process.h"
#include "stacks/recorder.h"

namespace stacks {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

class RecorderTest : public testing::Test {
protected:
    void SetUp() override {
        while (process_.line() != "ready") continue;
        // The line above is said before it sleeps.
        for (int i = 0; i < 5000 && recorder_.between(process_.pid(), 0s, now_).stacks().empty(); ++i) {
            now_ += 1s;
            take();
            usleep(1000);
        }
    }
    void take() { recorder_.take(std::vector<Target>{{process_.pid(), process_.pid(), now_}}); }

    python::PythonProcess process_{python::interpreters_here().front(),
                                   {"-S", "-B", SOURCE_ROOT "/tests/unit/stacks/busy.py", "sleep_here"}};
    procfs::ProcFs proc_;
    Time now_{1000s};
    Recorder recorder_{proc_, [this] { return now_; }};
};

TEST_F(RecorderTest, GivesWhatWasSampledInATime) {
    const auto begin = now_ + 1ms;
    for (int i = 0; i < 10; ++i) {
        now_ += 10ms;
        take();
    }
    EXPECT_EQ(recorder_.between(process_.pid(), begin, now_).counts().total(), 10u);
    EXPECT_EQ(recorder_.between(process_.pid(), begin + 9ms, begin + 19ms).counts().total(), 2u);
    EXPECT_EQ(recorder_.between(process_.pid(), begin, begin + 8ms).counts().total(), 0u);
    EXPECT_EQ(recorder_.between(process_.pid() + 1, begin, now_).counts().total(), 0u);
    EXPECT_EQ(recorder_.left_out(), 0u);
}

TEST_F(RecorderTest, KeepsWhatARequestInFlightMayAskForAndDropsTheRest) {
    const auto begin = now_;
    take();
    now_ += Recorder::kKeptFor + 2s;
    recorder_.take(std::vector<Target>{{process_.pid(), process_.pid(), begin}});
    EXPECT_GE(recorder_.between(process_.pid(), begin, now_).counts().total(), 2u);
    now_ += 2s;
    recorder_.take({});
    EXPECT_EQ(recorder_.between(process_.pid(), begin, begin).counts().total(), 0u);
    EXPECT_EQ(recorder_.between(process_.pid(), begin, now_).counts().total(), 1u);
}

TEST_F(RecorderTest, SaysWhyAProcessCannotBeRead) {
    recorder_.take(std::vector<Target>{{getpid(), getpid(), now_}});
    const auto profile = recorder_.between(getpid(), now_, now_);
    EXPECT_EQ(profile.rejections().of(Rejection::kUnreadable), 1u);
    ASSERT_EQ(recorder_.unreadable().size(), 1u);
    EXPECT_NE(recorder_.unreadable().at(getpid()).find("no CPython"), std::string::npos);
}

TEST_F(RecorderTest, TooManyThreadsHaveTheirTurns) {
    std::vector<Target> targets;
    for (pid_t i = 0; i < static_cast<pid_t>(Recorder::kMaxThreads) + 2; ++i)
        targets.push_back({getpid(), 1'000'000 + i, now_});
    recorder_.take(targets);
    EXPECT_EQ(recorder_.left_out(), 2u);
    recorder_.take(targets);
    for (const auto& target : targets)
        EXPECT_GE(recorder_.between(target.thread, now_, now_).rejections().total(), 1u) << target.thread;
}

} // namespace
} // namespace stacks

// SPDX-License-Identifier: BSD-2-Clause
// The loop never spins: neither on a descriptor that has failed nor when it cannot wait any more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>

#include "commands/event_loop.h"

namespace commands {
namespace {

using namespace std::chrono_literals;

TEST(EventLoop, ADescriptorWhoseOtherEndIsGoneIsWatchedNoLonger) {
    const auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    int runs = 0;
    ASSERT_TRUE((*loop)->on_readable(ends[0], [&] { ++runs; }));
    ASSERT_TRUE((*loop)->every(100ms, [&] { (*loop)->stop(); }));
    close(ends[1]);
    EXPECT_TRUE((*loop)->run());
    EXPECT_EQ(runs, 1);
    close(ends[0]);
}

TEST(EventLoop, EndsWithAnErrorWhenItCannotWait) {
    const auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    int runs = 0;
    ASSERT_TRUE((*loop)->every(10ms, [&] {
        ++runs;
        for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
            std::error_code gone;
            if (std::filesystem::read_symlink(each.path(), gone) == "anon_inode:[eventpoll]")
                close(std::stoi(each.path().filename()));
        }
    }));
    const auto ended = (*loop)->run();
    ASSERT_FALSE(ended);
    EXPECT_NE(ended.error().text.find("wait for events"), std::string::npos) << ended.error().text;
    EXPECT_EQ(runs, 1);
    EXPECT_FALSE((*loop)->call([] {})) << "it has ended";
}

} // namespace
} // namespace commands

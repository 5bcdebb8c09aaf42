// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "observer/serving.h"
#include "scene.h"

namespace observer {
namespace {

using namespace std::chrono_literals;
using Requests = std::vector<event::InFlight>;

class Serving : public testing::Test {
protected:
    void SetUp() override { scene.start_family(); }
    std::vector<stacks::Target> threads(const Requests& requests) { return threads_of(requests, scene.tree()); }

    gunicorn::Scene scene;
};

TEST_F(Serving, AThreadIsItsWorkerS) {
    const auto targets = threads({{scene.slot_of(102), 112, 7s}, {scene.slot_of(101), 111, 5s}});
    ASSERT_EQ(targets.size(), 2u);
    EXPECT_EQ(targets[0].pid, 101);
    EXPECT_EQ(targets[0].thread, 111);
    EXPECT_EQ(targets[0].since, 5s);
    EXPECT_EQ(targets[1].pid, 102);
    EXPECT_EQ(targets[1].thread, 112);
    EXPECT_EQ(targets[1].since, 7s);
}

TEST_F(Serving, AThreadThatServesSeveralIsOneSinceTheFirst) {
    const auto slot = scene.slot_of(101);
    const auto targets = threads({{slot, 101, 5s}, {slot, 101, 3s}, {slot, 101, 4s}});
    ASSERT_EQ(targets.size(), 1u);
    EXPECT_EQ(targets[0].since, 3s);
}

TEST_F(Serving, WhatIsNoWorkerSIsLeftOut) {
    EXPECT_TRUE(threads({}).empty());
    EXPECT_TRUE(threads({{0, 101, 5s}, {999, 101, 5s}, {scene.slot_of(100), 100, 5s}}).empty());
    const auto targets = threads({{999, 103, 5s}, {scene.slot_of(101), 101, 6s}, {0, 104, 7s}});
    ASSERT_EQ(targets.size(), 1u);
    EXPECT_EQ(targets[0].thread, 101);
}

} // namespace
} // namespace observer

// SPDX-License-Identifier: BSD-2-Clause
// Ages of heartbeat files, which are real ones here: the clock runs ahead of them.
#include <gtest/gtest.h>

#include "gunicorn/heartbeats.h"
#include "scene.h"

namespace gunicorn {
namespace {

class HeartbeatsTest : public testing::Test {
protected:
    HeartbeatsTest() {
        scene_.start_master(100);
        scene_.start_worker(101, 100);
        scene_.start_worker(102, 100);
        scene_.scan();
    }
    auto ages() { return heartbeats_.ages(scene_.tree().masters()); }

    std::chrono::seconds ahead_{0};
    Scene scene_;
    Heartbeats heartbeats_{scene_.proc(), [this] { return std::chrono::system_clock::now() + ahead_; }};
};

TEST_F(HeartbeatsTest, GrowWithTime) {
    ahead_ = 100s;
    const auto ages = this->ages();
    ASSERT_EQ(ages.size(), 2u);
    for (const auto& [slot, age] : ages) {
        EXPECT_GE(age, 100s);
        EXPECT_LT(age, 130s) << "since the file was made";
    }
    ahead_ = 300s;
    EXPECT_GE(this->ages().at(scene_.worker(101).slot), 300s) << "by the descriptor that is known";
}

TEST_F(HeartbeatsTest, AreNotNegativeWhenTheClockWasSetBack) {
    ahead_ = -1000s;
    EXPECT_EQ(ages().at(scene_.worker(101).slot), 0s);
}

TEST_F(HeartbeatsTest, BelongToTheWorkersOwnFile) {
    ages();
    scene_.process(101).files.clear(); // closed on its way out; its number is another file's soon
    scene_.process(101).files.push_back("access.log");
    scene_.show(101);
    EXPECT_FALSE(ages().contains(scene_.worker(101).slot));
    EXPECT_TRUE(ages().contains(scene_.worker(102).slot));
}

TEST_F(HeartbeatsTest, EndWithTheWorker) {
    scene_.vanish(101);
    EXPECT_EQ(ages().size(), 1u) << "its end was not reported yet";
    scene_.exited(101, 0);
    EXPECT_EQ(ages().size(), 1u);
}

} // namespace
} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// A counter of an address of which sockets come and go.
#include <gtest/gtest.h>

#include "model/listener_drops.h"

namespace model {
namespace {

TEST(ListenerDrops, StayWhenASocketGoes) {
    ListenerDrops drops;
    drops.take(":80", 1, 5);
    drops.take(":80", 2, 3);
    drops.end_look();
    EXPECT_EQ(drops.total(":80"), 8u);
    drops.take(":80", 1, 6);
    drops.end_look();
    EXPECT_EQ(drops.total(":80"), 9u) << "the second one is closed";
    drops.take(":80", 3, 1);
    EXPECT_EQ(drops.total(":80"), 10u);
    EXPECT_EQ(drops.total(":81"), 0u);
}

TEST(ListenerDrops, ASocketThatOneLookMissedIsNotCountedAgain) {
    ListenerDrops drops;
    drops.take(":80", 1, 5);
    drops.end_look();
    drops.end_look();
    drops.take(":80", 1, 5);
    EXPECT_EQ(drops.total(":80"), 5u);
}

TEST(ListenerDrops, ANumberThatIsUsedAgainIsAnotherSocket) {
    ListenerDrops drops;
    drops.take(":80", 1, 500);
    drops.end_look();
    drops.take(":80", 1, 2);
    EXPECT_EQ(drops.total(":80"), 502u);
    for (int look = 0; look < 20; ++look) drops.end_look();
    drops.take(":80", 1, 4);
    EXPECT_EQ(drops.total(":80"), 506u) << "as many as before are another socket's, too";
}

TEST(ListenerDrops, TheKernelsCounterWraps) {
    ListenerDrops drops;
    drops.take(":80", 1, 1u << 31);
    drops.end_look();
    EXPECT_EQ(drops.total(":80"), 1u << 31);
    drops.take(":80", 1, 0xffffffffu);
    drops.take(":80", 1, 4);
    EXPECT_EQ(drops.total(":80"), (1ull << 32) + 4);
}

} // namespace
} // namespace model

// SPDX-License-Identifier: BSD-2-Clause
// Which connection is ended when there are too many, seen at the other end of socket pairs.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "web/connections.h"

namespace {

class Pair {
public:
    Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    ~Pair() {
        close(ends_[0]);
        close(ends_[1]);
    }
    int server() const { return ends_[0]; }
    bool was_ended() const {
        char byte = 0;
        return recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
    }
    void end_client_side() const { shutdown(ends_[1], SHUT_WR); }

private:
    std::array<int, 2> ends_{};
};

TEST(Connections, EndsTheOneThatWasSilentForLongest) {
    const Pair first;
    const Pair second;
    const Pair third;
    web::Connections connections(2);
    connections.opened(first.server());
    connections.opened(second.server());
    connections.progressed(first.server());
    EXPECT_FALSE(second.was_ended());
    connections.opened(third.server());
    EXPECT_FALSE(first.was_ended());
    EXPECT_TRUE(second.was_ended());
    EXPECT_FALSE(third.was_ended());
    EXPECT_EQ(connections.open(), 2U);
}

TEST(Connections, EndsWhatIsPastTheDeadlineOfItsPhase) {
    using web::Connections;
    using namespace std::chrono_literals;
    const Pair head;
    const Pair response;
    const Pair idle;
    Connections connections(8, {.head = 10s, .response = 30s, .idle = 75s});
    for (const auto* pair : {&head, &response, &idle}) connections.opened(pair->server());
    connections.progressed(response.server());
    connections.progressed(idle.server());
    connections.answered(idle.server());
    const auto now = Connections::Clock::now();
    connections.end_overdue(now + 9s);
    EXPECT_FALSE(head.was_ended());
    connections.end_overdue(now + 11s);
    EXPECT_TRUE(head.was_ended());
    EXPECT_FALSE(response.was_ended());
    connections.end_overdue(now + 31s);
    EXPECT_TRUE(response.was_ended());
    EXPECT_FALSE(idle.was_ended());
    connections.end_overdue(now + 76s);
    EXPECT_TRUE(idle.was_ended());
    EXPECT_EQ(connections.ending(), 3U);
}

TEST(Connections, DoesNotKeepClientsThatHaveEndedTheirSide) {
    using namespace std::chrono_literals;
    const Pair answered;
    const Pair waiting;
    web::Connections connections(8);
    for (const auto* pair : {&answered, &waiting}) {
        connections.opened(pair->server());
        connections.progressed(pair->server());
        pair->end_client_side();
    }
    connections.answered(answered.server());
    const auto now = web::Connections::Clock::now();
    connections.end_overdue(now);
    EXPECT_FALSE(answered.was_ended());
    connections.end_overdue(now + 2s);
    EXPECT_TRUE(answered.was_ended());
    EXPECT_FALSE(waiting.was_ended());
}

TEST(Connections, EndsOneForEachThatIsTooManyEvenBeforeTheyAreClosed) {
    const Pair first;
    const Pair second;
    const Pair third;
    web::Connections connections(1);
    connections.opened(first.server());
    connections.opened(second.server());
    connections.opened(third.server());
    EXPECT_TRUE(first.was_ended());
    EXPECT_TRUE(second.was_ended());
    EXPECT_FALSE(third.was_ended());
    EXPECT_EQ(connections.open(), 1U);
}

TEST(Connections, ClosedOnesMakeRoom) {
    const Pair first;
    const Pair second;
    const Pair third;
    web::Connections connections(1);
    connections.opened(first.server());
    connections.closed(first.server());
    connections.opened(second.server());
    EXPECT_FALSE(first.was_ended());
    connections.opened(third.server()); // ends the second
    connections.closed(second.server());
    EXPECT_EQ(connections.open(), 1U);
    connections.closed(third.server());
    EXPECT_EQ(connections.open(), 0U);
}

TEST(Connections, KeepsAtLeastOne) {
    const Pair only;
    web::Connections connections(0);
    connections.opened(only.server());
    EXPECT_FALSE(only.was_ended());
}

} // namespace

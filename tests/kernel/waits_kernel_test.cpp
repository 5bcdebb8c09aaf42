// SPDX-License-Identifier: BSD-2-Clause
// How long bytes waited in a TCP socket until they were read: what comes after them changes nothing.
#include <unistd.h>

#include <chrono>
#include <numeric>
#include <string>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kMostTick = 10ms; // CONFIG_HZ is 100 or more
constexpr auto kScheduling = 60ms;

class Waits : public ProbeFixture {
protected:
    static std::uint64_t count(const event::Histogram& waits) {
        return std::accumulate(waits.buckets.begin(), waits.buckets.end(), std::uint64_t{0});
    }
    static void expect_one_of(const event::Histogram& waits, std::chrono::nanoseconds about) {
        EXPECT_EQ(count(waits), 1u);
        EXPECT_GT(waits.sum, about - kMostTick);
        EXPECT_LT(waits.sum, about + kScheduling);
    }
    // A worker that answers a request, and reads the next after 200 ms.
    static void answer_late(int fd) {
        read_head(fd);
        send_bytes(fd, kOk);
        usleep(200'000);
        read_head(fd);
        send_bytes(fd, kOk);
    }
    static constexpr std::size_t kAnswer = std::string_view(kOk).size();
};

TEST_F(Waits, OfTheFirstReadBeginWithTheFirstData) {
    serve(
        [](int fd) {
            usleep(300'000);
            read_head(fd);
            send_bytes(fd, kOk);
        },
        [](Client& client) {
            usleep(100'000); // accepted before
            client.send("GET / HTTP/1.1\r\n");
            usleep(50'000);
            client.send("Host: x\r\n\r\n");
            usleep(50'000);
            client.finish_sending();
            client.receive_all();
        });
    expect_one_of(totals().read_waits, 200ms);
    EXPECT_EQ(count(totals().next_read_waits), 0u);
}

TEST_F(Waits, OfALaterRequestBeginWithItsBytes) {
    serve(answer_late, [](Client& client) {
        client.send(kGet);
        client.receive(kAnswer);
        usleep(50'000);
        client.send(kGet);
        client.receive(kAnswer);
    });
    expect_one_of(totals().next_read_waits, 150ms);
    EXPECT_EQ(count(totals().read_waits), 1u);
}

TEST_F(Waits, OfALaterRequestAreNotShortenedByTheEndOfTheStream) {
    serve(answer_late, [](Client& client) {
        client.send(kGet);
        client.receive(kAnswer);
        client.send(kGet);
        usleep(100'000);
        client.finish_sending();
        client.receive_all();
    });
    expect_one_of(totals().next_read_waits, 200ms);
}

TEST_F(Waits, AReadThatWaitsForItsBytesIsNoWait) {
    serve(
        [](int fd) {
            for (int i = 0; i < 3; i++) {
                read_head(fd);
                send_bytes(fd, kOk);
            }
        },
        [](Client& client) {
            for (int i = 0; i < 3; i++) {
                client.send(kGet);
                client.receive(kAnswer);
                usleep(50'000);
            }
        });
    EXPECT_EQ(count(totals().next_read_waits), 2u);
    EXPECT_LT(totals().next_read_waits.sum, 1ms);
}

TEST_F(Waits, OfARequestInPiecesAreNotKnown) {
    serve(answer_late, [](Client& client) {
        client.send(kGet);
        client.receive(kAnswer);
        client.send("GET / HTTP/1.1\r\n");
        usleep(100'000);
        client.send("Host: x\r\n\r\n");
        client.receive(kAnswer);
    });
    EXPECT_EQ(totals().requests(), 2u);
    EXPECT_EQ(count(totals().next_read_waits), 0u);
}

} // namespace
} // namespace kernel_test

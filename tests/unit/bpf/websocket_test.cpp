// SPDX-License-Identifier: BSD-2-Clause
// WebSockets: how many are open, who ends them, how long they live.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <numeric>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHandshake = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
constexpr int kText = 1;
constexpr int kClose = 8;
constexpr bool kMasked = true;

// A frame (RFC 6455 section 5.2). The payload is a text in which each byte begins like a Close frame.
std::string frame(int opcode, std::size_t bytes, bool masked) {
    std::string made(1, static_cast<char>(0x80 | opcode));
    const auto second = [&](std::size_t length) { made += static_cast<char>((masked ? 0x80 : 0) | length); };
    const auto number = [&](int width) {
        for (int i = width - 1; i >= 0; i--) made += static_cast<char>(bytes >> (8 * i) & 0xff);
    };
    if (bytes < 126) {
        second(bytes);
    } else if (bytes < 65536) {
        second(126);
        number(2);
    } else {
        second(127);
        number(8);
    }
    if (masked) made += "\x88\x88\x88\x88";
    return made + std::string(bytes, '\x88');
}

class WebSockets : public testing::Test {
protected:
    std::uint64_t open() const { return worker.totals().activity.websockets; }
    std::uint64_t ended(int by) const { return worker.totals().websockets[by]; }
    std::uint64_t all_ended() const {
        const auto& totals = worker.totals();
        const auto ends = std::accumulate(std::begin(totals.websockets), std::end(totals.websockets), std::uint64_t{0});
        const auto& buckets = totals.websocket_lifetimes.buckets;
        EXPECT_EQ(std::accumulate(std::begin(buckets), std::end(buckets), std::uint64_t{0}), ends);
        return ends;
    }

    int begin(std::string_view more = "") {
        const int fd = worker.accept();
        worker.receive(fd, kHandshake);
        worker.send(fd, std::string(kSwitched) + std::string(more));
        EXPECT_EQ(open(), 1u);
        worker.pass(90s);
        return fd;
    }

    // What both sides say before one of them ends it.
    void talk(int fd) {
        for (const std::size_t bytes : {0uz, 1uz, 125uz, 126uz, 1000uz, 65535uz, 70000uz}) {
            worker.receive(fd, frame(kText, bytes, kMasked));
            worker.send(fd, frame(kText, bytes, !kMasked));
        }
    }

    Worker worker;
};

TEST_F(WebSockets, TheClientEndsOneAndTheServerClosesTheConnection) {
    const int fd = begin();
    talk(fd);
    worker.receive(fd, frame(kClose, 2, kMasked));
    worker.send(fd, frame(kClose, 2, !kMasked));
    EXPECT_EQ(open(), 1u);
    worker.close(fd);
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(ended(contract::BY_CLIENT), 1u);
    EXPECT_EQ(all_ended(), 1u);
    EXPECT_EQ(std::chrono::nanoseconds(worker.totals().websocket_lifetimes.sum_ns), 90s);
    EXPECT_EQ(worker.summaries(), std::vector<std::string>{"101 GET /ws HTTP/1.1"});
}

TEST_F(WebSockets, TheServerEndsOneAndTheClientClosesTheConnection) {
    const int fd = begin();
    talk(fd);
    worker.send(fd, frame(kClose, 2, !kMasked));
    worker.receive(fd, frame(kClose, 2, kMasked));
    worker.end_of_stream(fd);
    worker.close(fd);
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
    EXPECT_EQ(all_ended(), 1u);
}

TEST_F(WebSockets, FramesComeInAnyPieces) {
    const auto conversation = frame(kText, 0, kMasked) + frame(kText, 300, kMasked) + frame(kText, 70000, kMasked) +
                              frame(kText, 5, kMasked) + frame(kClose, 0, kMasked);
    for (const std::size_t size : {1uz, 2uz, 3uz, 7uz, 13uz, 100uz, 511uz, 512uz, 513uz, 100000uz}) {
        const int fd = begin();
        for (std::size_t at = 0; at < conversation.size(); at += size)
            worker.receive(fd, conversation.substr(at, size));
        worker.close(fd);
        EXPECT_EQ(ended(contract::BY_CLIENT), all_ended()) << size;
    }
    const int fd = begin();
    worker.write_vector(fd, {frame(kText, 10, !kMasked).substr(0, 1), frame(kText, 10, !kMasked).substr(1),
                             frame(kText, 200, !kMasked), frame(kClose, 2, !kMasked)});
    worker.close(fd);
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
}

TEST_F(WebSockets, TheFirstFramesCanComeWithTheHead) {
    const int fd = begin(frame(kText, 600, !kMasked) + frame(kText, 2, !kMasked).substr(0, 1));
    worker.send(fd, frame(kText, 2, !kMasked).substr(1) + frame(kClose, 2, !kMasked));
    worker.close(fd);
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
    worker.close(begin(frame(kClose, 2, !kMasked)));
    EXPECT_EQ(ended(contract::BY_SERVER), 2u);
}

TEST_F(WebSockets, ManyFramesInOneCall) {
    std::string many;
    for (int i = 0; i < 1000; i++) many += frame(kText, 20, kMasked);
    const int fd = begin();
    worker.receive(fd, many);
    worker.receive(fd, frame(kClose, 2, kMasked));
    worker.close(fd);
    EXPECT_EQ(ended(contract::BY_CLIENT), 1u);
    EXPECT_EQ(worker.drops(), 0u);
    const int lost = begin();
    worker.receive(lost, many + many + many);
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 1u);
    worker.receive(lost, frame(kClose, 2, kMasked)); // not followed any more
    worker.close(lost);
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
}

TEST_F(WebSockets, WithoutACloseFrameItIsEndedByWhoClosesFirst) {
    const int left = begin();
    talk(left);
    worker.end_of_stream(left);
    worker.close(left);
    const int reset = begin();
    worker.receive_fails(reset, ECONNRESET);
    worker.close(reset);
    EXPECT_EQ(ended(contract::BY_CLIENT), 2u);
    worker.close(begin());
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
    const int shut = begin();
    worker.shut_down(shut, SHUT_RDWR);
    worker.end_of_stream(shut); // which the client answers
    worker.close(shut);
    EXPECT_EQ(ended(contract::BY_SERVER), 2u);
    EXPECT_EQ(all_ended(), 4u);
    EXPECT_EQ(open(), 0u);
}

TEST_F(WebSockets, FramesThatCannotBeFollowedEndNothing) {
    const int fd = begin();
    worker.receive(fd, "something else, 20 by"); // not masked
    worker.receive(fd, frame(kClose, 2, kMasked));
    EXPECT_EQ(open(), 1u);
    worker.close(fd);
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(WebSockets, TheWorkerEnds) {
    begin();
    worker.exit();
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(ended(contract::BY_EXIT), 1u);
    EXPECT_EQ(std::chrono::nanoseconds(worker.totals().websocket_lifetimes.sum_ns), 90s);
    const int closing = begin();
    worker.send(closing, frame(kClose, 2, !kMasked)); // "going away"
    worker.exit();
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
}

TEST_F(WebSockets, AnotherProtocolIsNone) {
    const int fd = worker.accept();
    worker.receive(fd, kHandshake);
    worker.send(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
    EXPECT_EQ(open(), 0u);
    worker.close(fd);
    const int refused = worker.accept();
    worker.receive(refused, kHandshake);
    worker.send(refused, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(open(), 0u);
    worker.close(refused);
    EXPECT_EQ(all_ended(), 0u);
}

} // namespace
} // namespace bpf_test

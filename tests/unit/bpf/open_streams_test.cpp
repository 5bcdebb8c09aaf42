// SPDX-License-Identifier: BSD-2-Clause
// Responses without a length: how many are open, how they end, how long they live.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <numeric>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
constexpr std::string_view kEvent = "9\r\ndata: 1\n\n\r\n";
constexpr std::string_view kEnd = "0\r\n\r\n";
constexpr std::size_t kOneToTenSeconds = 2; // of the buckets

class Streams : public testing::Test {
protected:
    std::uint64_t open() const { return worker.totals().activity.open_streams; }
    std::uint64_t ended(int by) const { return worker.totals().streams[by]; }
    std::uint64_t all_ended() const {
        const auto& totals = worker.totals();
        const auto ends = std::accumulate(std::begin(totals.streams), std::end(totals.streams), std::uint64_t{0});
        const auto& buckets = totals.stream_lifetimes.buckets;
        EXPECT_EQ(std::accumulate(std::begin(buckets), std::end(buckets), std::uint64_t{0}), ends);
        return ends;
    }

    int begin(std::string_view head) {
        const int fd = worker.accept();
        worker.receive(fd, kGet);
        worker.send(fd, head);
        EXPECT_EQ(open(), 1u);
        worker.pass(2s);
        return fd;
    }

    Worker worker;
};

TEST_F(Streams, OneIsCompleteWithItsLastChunk) {
    const int fd = begin(kHead);
    for (int i = 0; i < 3; i++) worker.send(fd, kEvent);
    EXPECT_EQ(open(), 1u);
    EXPECT_EQ(all_ended(), 0u);
    worker.send(fd, kEnd);
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(ended(contract::STREAM_COMPLETE), 1u);
    EXPECT_EQ(worker.totals().stream_lifetimes.buckets[kOneToTenSeconds], 1u);
    EXPECT_EQ(std::chrono::nanoseconds(worker.totals().stream_lifetimes.sum_ns), 2s);
    worker.close(fd);
    EXPECT_EQ(all_ended(), 1u);
}

TEST_F(Streams, TheNextOneOnTheConnectionIsAnother) {
    const int fd = begin(kHead);
    worker.send(fd, kEnd);
    worker.receive(fd, kGet);
    worker.send(fd, kHead);
    EXPECT_EQ(open(), 1u);
    worker.send(fd, kEnd);
    worker.close(fd);
    EXPECT_EQ(ended(contract::STREAM_COMPLETE), 2u);
    EXPECT_EQ(open(), 0u);
}

TEST_F(Streams, WithoutChunksItIsCompleteWhenTheServerCloses) {
    const int fd = begin(kUntilClose);
    worker.close(fd);
    EXPECT_EQ(ended(contract::STREAM_COMPLETE), 1u);
    EXPECT_EQ(all_ended(), 1u);
    const int shut = begin(kUntilClose);
    worker.shut_down(shut, SHUT_WR);
    EXPECT_EQ(open(), 0u);
    worker.close(shut);
    EXPECT_EQ(ended(contract::STREAM_COMPLETE), 2u);
}

TEST_F(Streams, AClientLeaves) {
    const int unseen = begin(kHead);
    worker.end_of_stream(unseen);
    worker.close(unseen);
    EXPECT_EQ(ended(contract::BY_CLIENT), 1u);
    for (const auto head : {kHead, kUntilClose}) {
        const int reset = begin(head);
        worker.send_fails(reset, EPIPE);
        worker.close(reset);
    }
    EXPECT_EQ(ended(contract::BY_CLIENT), 3u);
    EXPECT_EQ(worker.totals().incomplete[contract::BY_CLIENT], 3u);
    EXPECT_EQ(all_ended(), 3u);
    EXPECT_EQ(open(), 0u);
}

TEST_F(Streams, TheServerCutsOneOff) {
    worker.close(begin(kHead));
    EXPECT_EQ(ended(contract::BY_SERVER), 1u);
    EXPECT_EQ(all_ended(), 1u);
}

TEST_F(Streams, TheWorkerEnds) {
    begin(kHead);
    worker.exit();
    EXPECT_EQ(open(), 0u);
    EXPECT_EQ(ended(contract::BY_EXIT), 1u);
    EXPECT_EQ(std::chrono::nanoseconds(worker.totals().stream_lifetimes.sum_ns), 2s);
}

TEST_F(Streams, WhatIsNoneIsNone) {
    const auto answer = [&](std::string_view request, std::string_view head) {
        const int fd = worker.accept();
        worker.receive(fd, request);
        worker.send(fd, head);
        EXPECT_EQ(open(), 0u) << head;
        return fd;
    };
    worker.close(answer(kGet, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")); // its length is known
    worker.close(answer("HEAD / HTTP/1.1\r\n\r\n", kHead));                        // it has no body
    worker.close(answer(kGet, "HTTP/1.1 204 No Content\r\n\r\n"));
    worker.close(answer(kGet, std::string(kHead) + std::string(kEvent) + std::string(kEnd))); // at once
    worker.close(answer(kGet, "HTTP/1.1 103 Early Hints\r\n\r\n"));                           // interim
    EXPECT_EQ(all_ended(), 0u);
}

TEST_F(Streams, OneThatIsNotFollowedAnyMoreHasNotEnded) {
    const int fd = begin(kHead);
    worker.send_messages(fd);
    EXPECT_EQ(open(), 0u);
    worker.close(fd);
    EXPECT_EQ(all_ended(), 0u);
}

} // namespace
} // namespace bpf_test

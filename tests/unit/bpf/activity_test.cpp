// SPDX-License-Identifier: BSD-2-Clause
// Requests in flight, busy time, open connections; sizes and first bytes.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class Activity : public testing::Test {
protected:
    const contract::activity& now() const { return worker.totals().activity; }

    Worker worker;
};

TEST_F(Activity, BeginsWithTheFirstByteAndEndsWithTheResponse) {
    const int fd = worker.accept();
    EXPECT_EQ(now().open_connections, 1u);
    EXPECT_EQ(now().in_flight, 0u);
    worker.receive(fd, "GE");
    EXPECT_EQ(now().in_flight, 1u);
    worker.pass(30ms);
    worker.receive(fd, "T / HTTP/1.1\r\n\r\n");
    worker.pass(20ms);
    worker.send(fd, kOk);
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().busy_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(50ms).count()));
    worker.close(fd);
    EXPECT_EQ(now().open_connections, 0u);
}

TEST_F(Activity, OverlappingRequestsAreOneStretch) {
    const int first = worker.accept();
    const int second = worker.accept();
    worker.receive(first, kGet);
    worker.pass(10ms);
    worker.receive(second, kGet);
    EXPECT_EQ(now().in_flight, 2u);
    worker.pass(10ms);
    worker.send(first, kOk);
    EXPECT_EQ(now().busy_ns, 0u); // it lasts
    worker.pass(10ms);
    worker.send(second, kOk);
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().busy_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(30ms).count()));
}

TEST_F(Activity, EveryWayToEndARequestEndsIt) {
    const auto begin = [&] {
        const int fd = worker.accept();
        worker.receive(fd, kGet);
        EXPECT_EQ(now().in_flight, 1u);
        return fd;
    };
    worker.close(begin());
    EXPECT_EQ(now().in_flight, 0u);

    const int shut = begin();
    worker.shut_down(shut, 2);
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().open_connections, 1u);
    worker.close(shut);

    const int reused = begin();
    worker.duplicate_onto(reused);
    EXPECT_EQ(now().in_flight, 0u);

    const int opaque = begin();
    worker.send(opaque, "something else altogether");
    EXPECT_EQ(now().in_flight, 0u);
    worker.close(opaque);

    const int given_up = begin();
    worker.send_messages(given_up);
    EXPECT_EQ(now().in_flight, 0u);
    worker.close(given_up);

    const int until_close = begin();
    worker.send(until_close, "HTTP/1.1 200 OK\r\n\r\nhi");
    EXPECT_EQ(now().in_flight, 1u);
    worker.close(until_close);
    EXPECT_EQ(now().in_flight, 0u);

    begin();
    worker.receive(worker.accept(), kGet);
    EXPECT_EQ(now().in_flight, 2u);
    worker.exit();
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().open_connections, 0u);
}

TEST_F(Activity, AWorkersDeathTellsOfTheRequestInFlight) {
    const int fd = worker.accept();
    worker.receive(fd, "POST /pay HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    worker.pass(2s);
    worker.exit();
    EXPECT_EQ(now().busy_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(2s).count()));
    ASSERT_EQ(worker.aborted().size(), 1u);
    EXPECT_EQ(worker.aborted()[0].duration, 2s);
    EXPECT_EQ(worker.aborted()[0].line, "POST /pay HTTP/1.1");
    EXPECT_EQ(worker.aborted()[0].ended_by, contract::BY_EXIT);
    EXPECT_EQ(worker.aborted()[0].status, 0);
    EXPECT_TRUE(worker.responses().empty());
    EXPECT_EQ(worker.totals().aborted[contract::BY_EXIT], 1u);
}

TEST_F(Activity, WhatCannotBeSeenIntoIsNotInFlight) {
    const int fd = worker.accept();
    worker.receive(fd, std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8));
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().open_connections, 1u);
    const int web_socket = worker.accept();
    worker.receive(web_socket, kGet);
    worker.send(web_socket, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    worker.receive(web_socket, "frames");
    EXPECT_EQ(now().in_flight, 0u);
}

TEST_F(Activity, SizesOfPipelinedMessages) {
    const int fd = worker.accept();
    const std::string second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
    worker.receive(fd, std::string(kGet) + second);
    worker.send(fd, std::string(kOk) + "HTTP/1.1 200 OK\r\n");
    EXPECT_EQ(worker.totals().request_sizes.sum_bytes, kGet.size());
    EXPECT_EQ(worker.totals().response_sizes.sum_bytes, kOk.size());
    worker.pass(5ms);
    worker.send(fd, "Content-Length: 2\r\n\r\nhi");
    EXPECT_EQ(worker.totals().request_sizes.sum_bytes, kGet.size() + second.size());
    EXPECT_EQ(worker.totals().response_sizes.sum_bytes, 2 * kOk.size());
    EXPECT_EQ(worker.totals().first_byte.sum_ns, 0u); // it began in the write that ended the first one
    EXPECT_EQ(worker.totals().request_sizes.buckets[0], 2u);
}

TEST_F(Activity, SizesInPieces) {
    const int fd = worker.accept();
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n";
    for (const char byte : head) worker.receive(fd, std::string(1, byte));
    worker.receive(fd, std::string(60'000, 'b'));
    worker.receive(fd, std::string(40'000, 'b'));
    worker.pass(7ms);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n";
    for (const char byte : answer) worker.send(fd, std::string(1, byte));
    worker.pass(7ms);
    worker.send_file(fd, 70'000);
    EXPECT_EQ(worker.totals().request_sizes.sum_bytes, head.size() + 100'000);
    EXPECT_EQ(worker.totals().request_sizes.buckets[4], 1u);
    EXPECT_EQ(worker.totals().response_sizes.sum_bytes, answer.size() + 70'000);
    EXPECT_EQ(worker.totals().response_sizes.buckets[4], 1u);
    EXPECT_EQ(worker.totals().first_byte.sum_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(7ms).count()));
}

TEST_F(Activity, InterimResponsesAreNotTheFirstByte) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(1ms);
    worker.send(fd, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    worker.pass(4ms);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.totals().first_byte.sum_ns, static_cast<std::uint64_t>(std::chrono::nanoseconds(5ms).count()));
}

} // namespace
} // namespace bpf_test

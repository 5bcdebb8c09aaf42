// SPDX-License-Identifier: BSD-2-Clause
// Workers that serve one connection at a time, or one by each thread: they are busy with it for as long as it holds
// them.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kSwitched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
constexpr int kOfTheApplication = Worker::kPoller + 1;

class Held : public testing::Test {
protected:
    const contract::activity& now() const { return worker.totals().activity; }
    std::chrono::nanoseconds busy() const { return std::chrono::nanoseconds(now().busy_ns); }

    int request() {
        const int fd = worker.accept();
        worker.begin_to_read(fd);
        worker.receive(fd, kGet);
        return fd;
    }

    Worker worker;
};

class HeldByThreads : public Held {
protected:
    HeldByThreads() { kernel_set_concurrency(contract::CONCURRENCY_OF_THREADS); }
};

TEST_F(HeldByThreads, WhatTheApplicationDoesBehindItsLastByteIsBusy) {
    worker.poll();
    const int fd = request();
    worker.pass(10ms);
    worker.send(fd, kOk);
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().served, 1u);
    worker.pass(2s); // in close()
    worker.watch(fd, Worker::kPoller);
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 2010ms);
    worker.pass(5s); // kept open
    worker.close(fd);
    EXPECT_EQ(busy(), 2010ms);
}

TEST_F(HeldByThreads, TheNextRequestOnTheConnectionHoldsAThreadAgain) {
    const int fd = request();
    worker.send(fd, kOk);
    worker.watch(fd, Worker::kPoller);
    worker.pass(1s);
    worker.begin_to_read(fd);
    worker.receive(fd, kGet);
    worker.pass(1s);
    worker.send(fd, kOk);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 1s);
}

TEST_F(HeldByThreads, AClientThatSendsNothingHoldsTheThreadThatReads) {
    const int fd = worker.accept();
    worker.pass(1s);
    worker.begin_to_read(fd);
    EXPECT_EQ(now().served, 1u);
    EXPECT_EQ(now().in_flight, 0u);
    worker.pass(3s);
    worker.end_of_stream(fd);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 3s);
}

TEST_F(HeldByThreads, AWebSocketHoldsItsThreadUntilItIsClosed) {
    worker.poll();
    const int fd = request();
    worker.send(fd, kSwitched);
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().served, 1u);
    worker.watch(fd, kOfTheApplication); // as simple-websocket does
    EXPECT_EQ(now().served, 1u);
    worker.pass(60s);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 60s);
}

TEST_F(HeldByThreads, ThreadsThatOverlapAreOneStretch) {
    const int first = request();
    worker.pass(1s);
    const int second = request();
    EXPECT_EQ(now().served, 2u);
    worker.send(first, kOk);
    worker.watch(first, Worker::kPoller);
    worker.pass(1s);
    EXPECT_EQ(now().busy_ns, 0u);
    worker.send(second, kOk);
    worker.close(second);
    EXPECT_EQ(busy(), 2s);
}

TEST_F(HeldByThreads, AnotherWayToEndItIsTheWorkersDeath) {
    const int fd = request();
    worker.send(fd, kSwitched);
    worker.pass(4s);
    worker.exit();
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 4s);
}

TEST_F(HeldByThreads, SocketsOfTheApplicationHoldNobody) {
    const int fd = worker.open_other();
    worker.begin_to_read(fd);
    worker.watch(fd, Worker::kPoller);
    EXPECT_EQ(now().served, 0u);
}

TEST_F(HeldByThreads, AnEncryptedConnectionHoldsItsThread) {
    const int fd = worker.accept();
    worker.begin_to_read(fd);
    worker.receive(fd, std::string("\x16\x03\x01\x02\x00\x01\x00\x01", 8));
    EXPECT_EQ(now().in_flight, 0u);
    EXPECT_EQ(now().served, 1u);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
}

TEST_F(HeldByThreads, AConnectionOlderThanTheExporterHoldsTheThreadThatReads) {
    const int fd = worker.open_before();
    worker.begin_to_read(fd);
    EXPECT_EQ(now().served, 1u);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
}

TEST_F(Held, ASyncWorkerIsBusyUntilItCloses) {
    kernel_set_concurrency(contract::CONCURRENCY_OF_PROCESSES);
    const int fd = request();
    worker.send(fd, kOk);
    worker.poll();
    worker.watch(fd, Worker::kPoller); // an event loop of the application's
    worker.pass(2s);
    EXPECT_EQ(now().served, 1u);
    worker.close(fd);
    EXPECT_EQ(now().served, 0u);
    EXPECT_EQ(busy(), 2s);
}

TEST_F(Held, AnEventLoopIsBusyWithRequestsOnly) {
    const int fd = request();
    worker.pass(1s);
    worker.send(fd, kOk);
    EXPECT_EQ(now().served, 0u);
    worker.pass(1s);
    worker.begin_to_read(fd);
    EXPECT_EQ(now().served, 0u);
    worker.close(fd);
    EXPECT_EQ(busy(), 1s);
}

} // namespace
} // namespace bpf_test

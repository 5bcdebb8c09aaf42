// SPDX-License-Identifier: BSD-2-Clause
// A connection belongs to its open file: whoever uses it, by whichever descriptor, answers its request, and it ends
// with the last of them.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kHead = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

class OpenFile : public testing::Test {
protected:
    // Everything has ended, and each of these once.
    void expect_served(std::uint64_t responses, std::uint64_t connections = 1) {
        worker.tick();
        EXPECT_EQ(worker.counted(), responses);
        EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], connections);
        for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
        for (const auto incomplete : worker.totals().incomplete) EXPECT_EQ(incomplete, 0u);
        EXPECT_EQ(worker.drops(), 0u);
        EXPECT_EQ(worker.totals().activity.open_connections, 0u);
        expect_nothing_left();
    }
    void expect_nothing_left() {
        EXPECT_EQ(kernel_open_connections(), 0u);
        EXPECT_EQ(kernel_pipelined_requests(), 0u);
        EXPECT_EQ(kernel_closing_conns(), 0u);
        EXPECT_EQ(kernel_conns_of_files(), 0u);
        EXPECT_EQ(kernel_alt_conns(), 0u);
    }

    Worker worker{{.connections = 16, .pipelined = 64, .records = 1000, .threads = 0}};
    int fd = worker.accept();
};

TEST_F(OpenFile, ADuplicateAnswers) {
    worker.receive(fd, kGet);
    const int copy = worker.duplicate(fd);
    worker.send(copy, kOk);
    EXPECT_EQ(worker.responses().back().line, "GET /a HTTP/1.1");
    worker.close(copy);
    worker.tick();
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    expect_served(2);
}

TEST_F(OpenFile, ADuplicateOutlivesTheDescriptor) {
    worker.receive(fd, kGet);
    const int copy = worker.duplicate(fd);
    worker.close(fd);
    worker.tick();
    EXPECT_EQ(kernel_open_connections(), 1u);
    const int next = worker.accept();
    ASSERT_EQ(next, fd) << "the number is used again";
    worker.receive(next, kGet);
    worker.send(copy, kOk);
    worker.send(next, kOk);
    worker.close(copy);
    worker.close(next);
    expect_served(2, 2);
}

// The kernel gives the memory of a closed file to the next one before user space has looked.
TEST_F(OpenFile, AFileWhoseMemoryIsUsedAgain) {
    for (int i = 0; i < 6; i++) { // two files have each descriptor in turn
        worker.receive(fd, kGet);
        const int copy = worker.duplicate(fd);
        worker.send(copy, kOk);
        worker.close(copy);
        worker.close(fd);
        worker.pass(1us);
        fd = worker.accept();
    }
    worker.close(fd);
    worker.tick();
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_EMPTY], 1u) << "the last one";
    expect_served(6, 6);
}

TEST_F(OpenFile, ADuplicateByAnotherCall) {
    const int copy = worker.accept_elsewhere();
    worker.receive(fd, kGet);
    worker.duplicate_onto(copy, fd);
    worker.send(copy, kOk);
    worker.close(copy);
    worker.close(fd);
    expect_served(1);
}

TEST_F(OpenFile, PipelinedRequestsKeepTheirCount) {
    worker.receive(fd, std::string(kGet) + kGet + kGet);
    const int copy = worker.duplicate(fd);
    for (int i = 0; i < 3; i++) worker.send(copy, kOk);
    worker.close(fd);
    worker.close(copy);
    expect_served(3);
}

TEST_F(OpenFile, AChildAnswers) {
    worker.receive(fd, kGet);
    worker.fork();
    worker.in_child([&] { worker.send(fd, kOk); });
    worker.end_child();
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    expect_served(2);
}

TEST_F(OpenFile, AChildSendsTheBody) {
    worker.receive(fd, kGet);
    worker.send(fd, kHead);
    worker.fork();
    worker.in_child([&] { worker.send(fd, "hi"); });
    worker.end_child();
    worker.close(fd);
    expect_served(1);
}

TEST_F(OpenFile, AChildAnswersAfterTheWorkerHasClosed) {
    worker.receive(fd, kGet);
    worker.fork();
    worker.pass(1ms);
    worker.close(fd);
    worker.tick();
    EXPECT_EQ(kernel_open_connections(), 1u);
    const int next = worker.accept();
    ASSERT_EQ(next, fd);
    worker.in_child([&] { worker.send(fd, kOk); });
    worker.end_child();
    worker.tick();
    EXPECT_EQ(kernel_open_connections(), 1u) << "the next one";
    worker.receive(next, kGet);
    worker.send(next, kOk);
    worker.close(next);
    expect_served(2, 2);
}

TEST_F(OpenFile, WhatAChildClosesIsStillTheWorkers) {
    worker.fork();
    worker.in_child([&] { worker.close(fd); });
    worker.receive(fd, kGet);
    worker.in_child([&] { worker.open_other(); });
    worker.send(fd, kOk);
    worker.end_child();
    worker.close(fd);
    expect_served(1);
}

TEST_F(OpenFile, AConnectionThatIsYoungerThanTheChildIsTheWorkersOwn) {
    worker.fork();
    worker.pass(1ms);
    worker.close(fd);
    EXPECT_EQ(kernel_open_connections(), 1u) << "the child has it";
    const int next = worker.accept();
    worker.receive(next, kGet);
    worker.send(next, kOk);
    worker.close(next);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 1u) << "at once";
    worker.end_child();
    worker.tick();
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_EMPTY], 1u);
    expect_nothing_left();
}

TEST_F(OpenFile, AnUnansweredRequestIsAbortedWhenNobodyCanAnswerIt) {
    worker.receive(fd, kGet);
    worker.fork();
    worker.close(fd);
    worker.tick();
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u) << "the child may";
    worker.end_child();
    worker.tick();
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 1u);
    expect_nothing_left();
}

TEST_F(OpenFile, AWorkersEndIsTheEnd) {
    worker.receive(fd, kGet);
    worker.duplicate(fd);
    worker.exit();
    EXPECT_EQ(worker.totals().aborted[contract::BY_EXIT], 1u);
    expect_nothing_left();
}

} // namespace
} // namespace bpf_test

// SPDX-License-Identifier: BSD-2-Clause
// Every reason for a drop is counted, and what was dropped enters no other count.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

// Nothing but this was dropped, once.
void expect_only(const Worker& worker, contract::drop_reason reason) {
    EXPECT_EQ(worker.drops(reason), 1u);
    EXPECT_EQ(worker.drops(), 1u);
}

// The connection is not understood any more: whatever it does, it adds to nothing.
void expect_silent(Worker& worker, int fd) {
    const auto counted = worker.counted();
    worker.send(fd, kOk);
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    EXPECT_EQ(worker.counted(), counted);
    for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_ABORTED], 0u);
    EXPECT_EQ(kernel_open_connections(), 0u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

TEST(Drop, ConnectionsFull) {
    Worker worker({.connections = 1, .pipelined = 1, .records = 10, .threads = 0});
    const int first = worker.accept();
    const int second = worker.accept();
    expect_only(worker, contract::DROP_CONNECTIONS_FULL);
    worker.receive(second, kGet);
    worker.send(second, kOk);
    EXPECT_EQ(worker.counted(), 0u);
    worker.receive(first, kGet);
    worker.send(first, kOk);
    EXPECT_EQ(worker.counted(), 1u);
    worker.close(first);
    worker.receive(worker.accept(), kGet);
    EXPECT_EQ(worker.drops(), 1u); // there is room again
}

TEST(Drop, RingFullLosesTheRecordNotTheCount) {
    Worker worker({.connections = 1, .pipelined = 1, .records = 0, .threads = 0});
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    EXPECT_TRUE(worker.responses().empty());
    EXPECT_EQ(worker.counted(), 1u);
    expect_only(worker, contract::DROP_RING_FULL);
}

TEST(Drop, PipelineMapFullLosesLabelsNotTheCount) {
    Worker worker({.connections = 1, .pipelined = 1, .records = 10, .threads = 0});
    const int fd = worker.accept();
    worker.receive(fd, std::string(kGet) + "GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
    expect_only(worker, contract::DROP_PIPELINE_FULL);
    for (int i = 0; i < 3; i++) worker.send(fd, kOk);
    ASSERT_EQ(worker.counted(), 3u);
    EXPECT_EQ(worker.responses()[1].line, "GET /b HTTP/1.1");
    EXPECT_EQ(worker.responses()[2].line, "");
}

TEST(Drop, UnsupportedCall) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, std::string(kGet) + kGet);
    worker.send_messages(fd);
    expect_only(worker, contract::DROP_SYSCALL);
    expect_silent(worker, fd);
}

TEST(Drop, FileBeforeTheHead) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send_file(fd, 100);
    expect_only(worker, contract::DROP_FRAMING);
    expect_silent(worker, fd);
}

TEST(Drop, FileBeyondTheChunk) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
    worker.send_file(fd, 100);
    expect_only(worker, contract::DROP_FRAMING);
    expect_silent(worker, fd);
}

} // namespace
} // namespace bpf_test

// SPDX-License-Identifier: BSD-2-Clause
// Which system call says what: those that move bytes, those that only look, and descriptors that mean something else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class SystemCall : public testing::Test {
protected:
    Worker worker;
    int fd = worker.accept();
};

TEST_F(SystemCall, EveryWayToReadARequest) {
    worker.read(fd, kGet);
    worker.send(fd, kOk);
    worker.read_vector(fd, {"GET /b HT", "TP/1.1\r\n", "", "\r\n"});
    worker.send(fd, kOk);
    worker.receive_message(fd, {"GET /c HTTP/1.1\r", "\n\r\n"});
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "200 GET /b HTTP/1.1", "200 GET /c HTTP/1.1"));
}

TEST_F(SystemCall, EveryWayToWriteAResponse) {
    const Pieces pieces = {"HTTP/1.1 200 OK\r\n", "Content-Le", "ngth: 5\r\n\r\n", "", "he", "llo"};
    worker.receive(fd, kGet);
    worker.write(fd, kOk);
    worker.receive(fd, kGet);
    worker.write_vector(fd, pieces);
    worker.receive(fd, kGet);
    worker.send_message(fd, pieces);
    EXPECT_EQ(worker.counted(), 3u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(SystemCall, SendFileIsBody) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    worker.send_file(fd, 65'536);
    EXPECT_THAT(worker.summaries(), IsEmpty());
    worker.pass(9ms);
    worker.send_file(fd, 34'464);
    ASSERT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.responses()[0].duration, 9ms);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(SystemCall, SendFileInsideAChunk) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    worker.send(fd, "186a0\r\n");
    worker.send_file(fd, 100'000);
    worker.send(fd, "\r\n");
    EXPECT_EQ(worker.counted(), 0u);
    worker.send(fd, "0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(SystemCall, SpliceIsBody) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    worker.splice(fd, 9);
    EXPECT_EQ(worker.counted(), 1u);
}

TEST_F(SystemCall, PeekIsNoRead) {
    worker.peek(fd, kGet);
    EXPECT_EQ(worker.connection(fd)->queued, 0u);
    worker.receive(fd, kGet);
    EXPECT_EQ(worker.connection(fd)->queued, 1u);
}

TEST_F(SystemCall, FailedWriteIsNoResponse) {
    worker.receive(fd, kGet);
    worker.send(fd, kOk, -11);  // EAGAIN: the head is sent again
    worker.send(fd, kOk, -512); // ERESTARTSYS, seen by tracepoints only
    EXPECT_EQ(worker.counted(), 0u);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 1u);
}

TEST_F(SystemCall, OtherServersOfTheWorkerDoNotCount) {
    const int other = worker.accept_elsewhere();
    worker.receive(other, kGet);
    worker.send(other, kOk);
    worker.close(other);
    EXPECT_EQ(worker.counted(), 0u);
    EXPECT_EQ(kernel_open_connections(), 1u);
}

TEST_F(SystemCall, OutgoingSocketsDoNotCount) {
    worker.receive(fd, kGet);
    const int database = worker.open_other();
    worker.send(database, "GET / HTTP/1.1\r\n\r\n");
    worker.receive(database, "HTTP/1.1 503 no\r\n\r\n");
    worker.close(database);
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1"));
}

TEST_F(SystemCall, DescriptorReusedByAnOutgoingSocket) {
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.closed_by_no_hook(fd);
    ASSERT_EQ(worker.open_other(), fd);
    worker.send(fd, "HTTP/1.1 500 not ours\r\n\r\n");
    worker.receive(fd, kGet);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1"));
    EXPECT_EQ(kernel_open_connections(), 0u);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 1u);
}

TEST_F(SystemCall, DescriptorReusedByTheNextConnection) {
    worker.receive(fd, kGet);
    worker.closed_by_no_hook(fd);
    ASSERT_EQ(worker.accept(), fd);
    worker.send(fd, kOk); // answers no request of this connection
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 1u);
    EXPECT_EQ(worker.responses()[0].flags, contract::RESPONSE_NO_REQUEST);
    EXPECT_EQ(worker.responses()[0].line, "");
}

TEST_F(SystemCall, DuplicateOntoTheDescriptorEndsIt) {
    worker.duplicate_onto(fd);
    EXPECT_EQ(kernel_open_connections(), 0u);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_EMPTY], 1u);
}

TEST_F(SystemCall, ShutdownOfTheReadingSideEndsNothing) {
    worker.receive(fd, kGet);
    worker.shut_down(fd, SHUT_RD);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 1u);
}

TEST_F(SystemCall, ShutdownEndsTheResponseAndStartsTheDrain) {
    worker.receive(fd, "POST /a HTTP/1.1\r\nContent-Length: 99\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody");
    worker.shut_down(fd, SHUT_WR);
    EXPECT_EQ(worker.counted(), 1u);
    worker.pass(1s);
    worker.receive(fd, kGet); // drained, not served
    worker.end_of_stream(fd);
    worker.close(fd);
    EXPECT_EQ(worker.responses()[0].duration, 0ms);
    EXPECT_EQ(worker.responses()[0].flags, 0);
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(worker.totals().aborted[contract::BY_CLIENT], 0u);
}

} // namespace
} // namespace bpf_test

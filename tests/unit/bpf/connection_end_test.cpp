// SPDX-License-Identifier: BSD-2-Clause
// What a connection is counted as at its end, and whose doing an unfinished answer was.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kHalf = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh";

class ConnectionEnd : public testing::Test {
protected:
    // One connection has ended, as this; nothing is left of it.
    void expect_kind(contract::connection_kind kind) {
        for (int each = 0; each < contract::CONNECTION_KINDS; each++)
            EXPECT_EQ(worker.totals().connections[each], each == kind ? 1u : 0u) << "kind " << each;
        EXPECT_EQ(kernel_open_connections(), 0u);
        EXPECT_EQ(kernel_pipelined_requests(), 0u);
        EXPECT_EQ(kernel_closing_conns(), 0u);
        EXPECT_EQ(kernel_alt_conns(), 0u);
    }
    void expect_aborted(contract::ended_by by) {
        for (int each = 0; each < contract::ENDED_BY_COUNT; each++)
            EXPECT_EQ(worker.totals().aborted[each], each == by ? 1u : 0u) << "by " << each;
        EXPECT_EQ(worker.counted(), 0u);
    }
    void expect_nothing_aborted() {
        for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
    }
    void expect_incomplete(contract::ended_by by) {
        for (int each = 0; each < contract::ENDED_BY_COUNT; each++)
            EXPECT_EQ(worker.totals().incomplete[each], each == by ? 1u : 0u) << "by " << each;
        ASSERT_EQ(worker.counted(), 1u);
        EXPECT_EQ(worker.responses()[0].status, 200);
        EXPECT_EQ(worker.responses()[0].flags, contract::RESPONSE_INCOMPLETE);
        EXPECT_EQ(worker.responses()[0].ended_by, by);
        expect_nothing_aborted();
    }

    Worker worker;
    int fd = worker.accept();
};

TEST_F(ConnectionEnd, Served) {
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_nothing_aborted();
}

// An event loop reads the end of the client's stream while it writes, and closes without having written in vain.
TEST_F(ConnectionEnd, ClientLeavesAStreamThatAnEventLoopSends) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    worker.end_of_stream(fd);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_incomplete(contract::BY_CLIENT);
}

TEST_F(ConnectionEnd, ServedAndHalfAHead) {
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.receive(fd, "GET /b");
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, Empty) {
    worker.end_of_stream(fd);
    worker.close(fd);
    expect_kind(contract::CONNECTION_EMPTY);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, HalfAHead) {
    worker.receive(fd, "GET /a HTTP/1.1\r\nHost");
    worker.close(fd);
    expect_kind(contract::CONNECTION_PARTIAL);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, Tls) {
    worker.receive(fd, std::string("\x16\x03\x01\x02\x00\x01", 6));
    worker.send(fd, std::string("\x16\x03\x03\x00\x7a", 5));
    worker.send(fd, kOk); // application data may look like anything
    worker.close(fd);
    expect_kind(contract::CONNECTION_TLS);
    EXPECT_EQ(worker.counted(), 0u);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, TlsHelloToAServerWithoutTls) {
    worker.receive(fd, std::string("\x16\x03\x01\x02\x00\x01", 6));
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    EXPECT_EQ(worker.totals().responses[400 - contract::STATUS_FIRST], 1u);
}

TEST_F(ConnectionEnd, Http2) {
    worker.receive(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    worker.send(fd, std::string("\0\0\6\4\0\0\0\0\0HTTP/1.1 500", 21));
    worker.receive(fd, kGet);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP2);
    EXPECT_EQ(worker.counted(), 0u);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, Http2PrefaceByteByByte) {
    for (const char byte : std::string_view("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) worker.receive(fd, {&byte, 1});
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP2);
}

TEST_F(ConnectionEnd, NotHttp) {
    worker.receive(fd, "\x80\x01\x02\n\nquery");
    worker.send(fd, "* OK IMAP4\r\n");
    worker.close(fd);
    expect_kind(contract::CONNECTION_OPAQUE);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, NotHttpBehindPipelinedRequests) {
    worker.receive(fd, std::string(kGet) + kGet + kGet);
    worker.send(fd, "* OK IMAP4\r\n");
    worker.close(fd);
    expect_kind(contract::CONNECTION_OPAQUE);
}

TEST_F(ConnectionEnd, AProxyHeaderIsMentioned) {
    constexpr auto kRefused = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    worker.receive(fd, "PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\nGET /a HTTP/1.1\r\n\r\n");
    worker.send(fd, kRefused);
    EXPECT_EQ(worker.responses().back().line, "GET /a HTTP/1.1");
    EXPECT_TRUE(worker.responses().back().flags & contract::RESPONSE_PROXY_LINE);
    const int other = worker.accept();
    worker.receive(other, "GET /a HTTP/1.1\r\n\r\n");
    worker.send(other, kRefused);
    EXPECT_FALSE(worker.responses().back().flags & contract::RESPONSE_PROXY_LINE);
}

TEST_F(ConnectionEnd, ProxyHeaderThenRequest) {
    worker.receive(fd, "PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n");
    EXPECT_EQ(worker.connection(fd)->queued, 0u);
    worker.pass(50ms);
    worker.receive(fd, kGet);
    worker.pass(3ms);
    worker.send(fd, kOk);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].line, "GET /a HTTP/1.1");
    EXPECT_EQ(worker.responses()[0].duration, 3ms);
}

TEST_F(ConnectionEnd, ProxyHeaderAlone) {
    worker.receive(fd, "PROXY UNKNOWN\r\n");
    worker.close(fd);
    expect_kind(contract::CONNECTION_PARTIAL);
    expect_nothing_aborted();
}

TEST_F(ConnectionEnd, AbortedByTheServer) {
    worker.receive(fd, kGet);
    worker.close(fd);
    expect_kind(contract::CONNECTION_ABORTED);
    expect_aborted(contract::BY_SERVER);
}

TEST_F(ConnectionEnd, AbortedByTheClientThatCloses) {
    worker.receive(fd, kGet);
    worker.end_of_stream(fd);
    worker.close(fd);
    expect_kind(contract::CONNECTION_ABORTED);
    expect_aborted(contract::BY_CLIENT);
}

TEST_F(ConnectionEnd, AbortedByTheClientThatResets) {
    for (const int error : {EPIPE, ECONNRESET}) {
        Worker another;
        const int connection = another.accept();
        another.receive(connection, kGet);
        another.send_fails(connection, error);
        another.close(connection);
        EXPECT_EQ(another.totals().aborted[contract::BY_CLIENT], 1u) << error;
    }
}

TEST_F(ConnectionEnd, AbortedByTheWorkersEnd) {
    worker.receive(fd, kGet);
    worker.end_of_stream(fd);
    worker.exit();
    expect_kind(contract::CONNECTION_ABORTED);
    expect_aborted(contract::BY_EXIT);
}

TEST_F(ConnectionEnd, AbortedWithHalfAStatusLine) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 2");
    worker.close(fd);
    expect_kind(contract::CONNECTION_ABORTED);
    expect_aborted(contract::BY_SERVER);
}

TEST_F(ConnectionEnd, IncompleteByTheServer) {
    worker.receive(fd, kGet);
    worker.pass(2ms);
    worker.send(fd, kHalf);
    worker.pass(1s);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_incomplete(contract::BY_SERVER);
    EXPECT_EQ(worker.responses()[0].duration, 2ms);
}

TEST_F(ConnectionEnd, IncompleteByTheServersShutdown) {
    worker.receive(fd, kGet);
    worker.send(fd, kHalf);
    worker.shut_down(fd, SHUT_RDWR);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_incomplete(contract::BY_SERVER);
}

TEST_F(ConnectionEnd, IncompleteByTheClient) {
    worker.receive(fd, kGet);
    worker.send(fd, kHalf);
    worker.send_fails(fd, EPIPE);
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    expect_incomplete(contract::BY_CLIENT);
}

TEST_F(ConnectionEnd, IncompleteByTheWorkersEnd) {
    worker.receive(fd, kGet);
    worker.send(fd, kHalf);
    worker.exit();
    expect_kind(contract::CONNECTION_HTTP);
    expect_incomplete(contract::BY_EXIT);
}

TEST_F(ConnectionEnd, BodyWithoutFramingCutByTheWorkersEnd) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.0 200 OK\r\n\r\nsome");
    worker.exit();
    expect_incomplete(contract::BY_EXIT);
}

TEST_F(ConnectionEnd, ChunksWithoutTheLastAreIncomplete) {
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n");
    worker.close(fd);
    expect_incomplete(contract::BY_SERVER);
}

// The thread that closes is held up, by an interrupt or a hypervisor, and another is given the number meanwhile.
class HeldUp : public ConnectionEnd {
protected:
    HeldUp() {
        worker.receive(fd, kGet);
        worker.send(fd, kOk);
        kernel_begin_close(fd);
        accept_again();
    }
    void accept_again() {
        worker.pass(1ms);
        worker.closed_by_no_hook(fd);
        EXPECT_EQ(worker.accept(), fd);
    }
    void serve() {
        worker.receive(fd, kGet);
        worker.send(fd, kOk);
    }
    void expect_served(std::uint64_t connections) {
        EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], connections);
        EXPECT_EQ(worker.counted(), connections);
        EXPECT_EQ(worker.drops(), 0u);
        EXPECT_EQ(worker.totals().activity.open_connections, 0u);
        EXPECT_EQ(worker.totals().activity.in_flight, 0u);
        EXPECT_EQ(kernel_open_connections(), 0u);
        EXPECT_EQ(kernel_closing_conns(), 0u);
        EXPECT_EQ(kernel_alt_conns(), 0u);
    }
};

TEST_F(HeldUp, TheNextConnectionIsServedMeanwhile) {
    serve();
    kernel_finish_close(fd);
    worker.close(fd);
    expect_served(2);
}

TEST_F(HeldUp, TheNextConnectionIsServedBeforeAndAfter) {
    worker.receive(fd, "GET /a HTT");
    kernel_finish_close(fd);
    worker.receive(fd, "P/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.close(fd);
    expect_served(2);
}

TEST_F(HeldUp, TheNextConnectionEndsMeanwhile) {
    serve();
    worker.close(fd);
    kernel_finish_close(fd);
    expect_served(2);
}

TEST_F(HeldUp, TheNextButOneBeginsWhereTheFirstWas) {
    serve();
    kernel_finish_close(fd);
    accept_again();
    serve();
    worker.close(fd);
    expect_served(3);
}

TEST_F(HeldUp, TheNextButOneBeginsWhileTheFirstIsStillEnding) {
    serve();
    accept_again();
    serve();
    worker.close(fd);
    kernel_finish_close(fd);
    expect_served(3);
}

TEST_F(HeldUp, TheProcessEnds) {
    worker.receive(fd, kGet);
    kernel_finish_close(fd);
    worker.exit();
    EXPECT_EQ(worker.totals().aborted[contract::BY_EXIT], 1u);
    EXPECT_EQ(kernel_open_connections(), 0u);
    EXPECT_EQ(kernel_alt_conns(), 0u);
}

// As above, but it is held up before it has made known what it is ending: between its look at the descriptor, which is
// empty, and its look at the connection, whose memory is the next one's by then.
TEST_F(ConnectionEnd, TheNextConnectionBeginsWhileTheCloserLooks) {
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.pass(1ms);
    kernel_interrupt([](void* self) { EXPECT_EQ(static_cast<Worker*>(self)->accept(), 5); }, &worker);
    ASSERT_EQ(fd, 5);
    worker.close(fd);
    EXPECT_EQ(kernel_open_connections(), 1u);
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_EMPTY], 0u);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 2u);
    EXPECT_EQ(worker.counted(), 2u);
}

TEST_F(ConnectionEnd, HalfClosedClientIsServed) {
    worker.receive(fd, kGet);
    worker.end_of_stream(fd);
    worker.send(fd, "HTTP/1.0 200 OK\r\n\r\nall");
    worker.close(fd);
    expect_kind(contract::CONNECTION_HTTP);
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.responses()[0].flags, 0);
}

} // namespace
} // namespace bpf_test

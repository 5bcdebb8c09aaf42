// SPDX-License-Identifier: BSD-2-Clause
// What a server sends that answers no request: it is no response, and it is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using testing::ElementsAre;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kForged = "HTTP/1.1 500 forged\r\nContent-Length: 0\r\n\r\n";

class ProtocolError : public testing::Test {
protected:
    std::uint64_t responses() const { return worker.totals().protocol_errors[contract::ERROR_RESPONSE]; }
    std::uint64_t bytes() const { return worker.totals().protocol_errors[contract::ERROR_BYTES]; }

    Worker worker;
    int fd = worker.accept();
};

TEST_F(ProtocolError, BodyOfAHeadResponseThatLooksLikeOne) {
    worker.receive(fd, "HEAD /a HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n");
    worker.send(fd, kForged);
    worker.send(fd, kForged); // the body goes on
    worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 HEAD /a HTTP/1.1", "200 GET /b HTTP/1.1"));
    EXPECT_EQ(responses(), 1u); // one for each place
    EXPECT_EQ(bytes(), 0u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ProtocolError, BodyBehindTheHeadInOneCall) {
    for (const auto* head : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
        worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
        worker.send(fd, head + std::string(kForged) + kForged);
    }
    EXPECT_EQ(worker.counted(), 3u);
    EXPECT_EQ(responses(), 3u);
    worker.close(fd);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 1u);
}

TEST_F(ProtocolError, BytesBehindAResponse) {
    worker.receive(fd, "HEAD /a HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    worker.send(fd, "and more");
    worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi there");
    EXPECT_EQ(worker.counted(), 2u);
    EXPECT_EQ(bytes(), 2u);
    EXPECT_EQ(responses(), 0u);
}

TEST_F(ProtocolError, FileBehindAHeadResponse) {
    worker.receive(fd, "HEAD /file HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    worker.send_file(fd, 3000);
    worker.send_file(fd, 2000);
    worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 HEAD /file HTTP/1.1", "200 GET /b HTTP/1.1"));
    EXPECT_EQ(bytes(), 1u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ProtocolError, AnswerThatNobodyAskedFor) {
    worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.pass(std::chrono::seconds(5));
    worker.send(fd, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    worker.close(fd);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1"));
    EXPECT_EQ(responses(), 1u);
}

TEST_F(ProtocolError, ServerMayBeginTheConnection) {
    worker.send(fd, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(responses(), 0u);
}

// Gunicorn, gevent.pywsgi and h11 take an empty line behind a request for a request and refuse it.
TEST_F(ProtocolError, EmptyLineMayBeAnswered) {
    worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n\r\n");
    worker.send(fd, kOk);
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    worker.send(fd, kForged);
    EXPECT_EQ(worker.counted(), 2u);
    EXPECT_EQ(responses(), 1u);
    const int other = worker.accept();
    worker.receive(other, "GET /a HTTP/1.1\r\n\r\n");
    worker.send(other, kOk);
    worker.receive(other, "\r\n");
    worker.send(other, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 4u);
}

TEST_F(ProtocolError, BehindOneOfSeveralPipelinedIsTheNextAnswer) {
    worker.receive(fd, "HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\n\r\nbody");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 HEAD /a HTTP/1.1", "200 GET /b HTTP/1.1"));
    EXPECT_EQ(bytes(), 1u);
}

TEST_F(ProtocolError, TunnelBehindConnect) {
    worker.receive(fd, "CONNECT a:1 HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    worker.receive(fd, "\x16\x03\x01 whatever the tunnel carries");
    worker.send(fd, "\x16\x03\x03 and back");
    worker.receive(fd, "GET /within HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.receive(fd, "\x17\x03\x01");
    worker.close(fd);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 CONNECT a:1 HTTP/1.1", "200 GET /within HTTP/1.1"));
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ProtocolError, ConnectThatIsRefusedHasABody) {
    worker.receive(fd, "CONNECT a:1 HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 405 No\r\nContent-Length: 9\r\n\r\nforbidden");
    worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("405 CONNECT a:1 HTTP/1.1", "200 GET /b HTTP/1.1"));
    EXPECT_EQ(bytes(), 0u);
}

// Behind a request whose end is not known there may be others in the same call: they are answered, and their labels are
// lost.
TEST_F(ProtocolError, NoneWhereRequestsMayHaveBeenSkipped) {
    worker.receive(
        fd, "POST /p HTTP/1.1\r\nContent-Length : 5\r\n\r\nhelloGET /x HTTP/1.1\r\n\r\nHEAD /y HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.send(fd, kOk);
    worker.send(fd, "HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n");
    worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "200 ", "404 ", "200 GET /next HTTP/1.1"));
    EXPECT_EQ(worker.responses()[1].flags, contract::RESPONSE_LINE_LOST);
    EXPECT_EQ(responses() + bytes(), 0u);
    EXPECT_EQ(worker.drops(contract::DROP_REQUEST_END), 2u);
    EXPECT_EQ(worker.resyncs(contract::RESYNC_REQUEST_END), 1u);
}

TEST_F(ProtocolError, AResponseToASkippedHeadRequestEndsBeforeTheNext) {
    worker.receive(
        fd, "POST /p HTTP/1.1\r\nContent-Length : 5\r\n\r\nhelloHEAD /x HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.send(fd, "HTTP/1.1 404 No\r\nContent-Length: 700\r\n\r\n");
    worker.send(fd, "HTTP/1.1 201 Yes\r\nContent-Length: 3\r\n\r\nyes");
    EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "404 ", "201 "));
}

TEST_F(ProtocolError, NothingIsLostWhereTheServerRefuses) {
    worker.receive(fd, "POST /p HTTP/1.1\r\nContent-Length: x\r\n\r\nhello");
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    worker.close(fd);
    EXPECT_EQ(worker.drops(), 0u);
    EXPECT_EQ(worker.counted(), 1u);
}

} // namespace
} // namespace bpf_test

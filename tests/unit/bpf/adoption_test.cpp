// SPDX-License-Identifier: BSD-2-Clause
// Connections that were open before the programs ran: what is in flight enters nothing, the next request counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class Adoption : public testing::Test {
protected:
    Worker worker;
    int fd = worker.open_before();
};

TEST_F(Adoption, IdleConnection) {
    worker.pass(5s);
    worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
    worker.pass(3ms);
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /next HTTP/1.1"));
    EXPECT_EQ(worker.responses()[0].duration, 3ms);
}

TEST_F(Adoption, ResponseInFlightDoesNotCount) {
    worker.send(fd, kOk);
    worker.send(fd, "more of it");
    EXPECT_EQ(worker.counted(), 0u);
    worker.receive(fd, "POST /next HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /next HTTP/1.1"));
}

TEST_F(Adoption, BodyInFlightIsNoRequest) {
    worker.receive(fd, "half of a body\r\nGET /forged HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 0u);
    worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /next HTTP/1.1"));
}

TEST_F(Adoption, AnyMethodIsUnderstood) {
    for (const std::string method :
         {"PROPFIND", "LOCK", "REPORT", "TRACE", "M-SEARCH", "get", "X", "A!#$%&'*+-.^_`|~1", "VERSION-CONTROL"}) {
        const int other = worker.open_before();
        worker.receive(other, method + " /x HTTP/1.1\r\n\r\n");
        worker.send(other, kOk);
        worker.close(other);
        EXPECT_EQ(worker.summaries().back(), "200 " + method + " /x HTTP/1.1");
    }
    for (const std::string target : {"*", "http://x/y", "x:443", "//", "\xc3\xa9"}) {
        const int other = worker.open_before();
        worker.receive(other, "OPTIONS " + target + " HTTP/1.0\r\n\r\n");
        worker.send(other, kOk);
        worker.close(other);
        EXPECT_EQ(worker.summaries().back(), "200 OPTIONS " + target + " HTTP/1.0");
    }
}

TEST_F(Adoption, RequestInPiecesOfAnySize) {
    const std::string request = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
    for (std::size_t first = 1; first < request.size(); first++) {
        for (const std::size_t step : {1, 7, 100}) {
            const int other = worker.open_before();
            worker.receive(other, request.substr(0, first));
            for (auto at = first; at < request.size(); at += step) worker.receive(other, request.substr(at, step));
            const auto before = worker.counted();
            worker.send(other, kOk);
            ASSERT_EQ(worker.counted(), before + 1) << first << ", then " << step;
            ASSERT_EQ(worker.summaries().back(), "200 GET /next HTTP/1.1");
            worker.close(other);
        }
    }
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u);
}

// What an earlier call has left in the window is not of this one.
TEST_F(Adoption, AFirstPieceThatEndsBehindTheMethod) {
    worker.receive(fd, "(a)b of a body");
    worker.receive(fd, "PUT ");
    worker.receive(fd, "/next HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 PUT /next HTTP/1.1"));
}

TEST_F(Adoption, LongRequestLine) {
    worker.receive(fd, "PROPFIND /" + std::string(5000, 'p') + " HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 1u);
}

TEST_F(Adoption, BodyThatBeginsLikeAMethodIsNoRequest) {
    for (const auto* body : {"hello", "field value and more\r\n", "GET some text\r\nGET /forged HTTP/1.1\r\n\r\n",
                             "a=b&c=d HTTP/1.1\r\n", "{\"a\": 1}", "GET", "x y HTTP/1.1 \r\n"}) {
        const int other = worker.open_before();
        worker.receive(other, body);
        worker.send(other, kOk);
        worker.close(other);
    }
    EXPECT_EQ(worker.counted(), 0u);
    for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_ADOPTED], 7u);
}

// What is left of a body makes the next request unreadable at most, and not the one after it.
TEST_F(Adoption, OneRequestIsLostBehindABodyWithoutLineEnd) {
    worker.receive(fd, "hello");
    worker.send(fd, kOk);
    worker.receive(fd, "GET /lost HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_EQ(worker.summaries().back(), "200 GET /next HTTP/1.1");
}

TEST_F(Adoption, NeverUsedAgain) {
    worker.close(fd);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_ADOPTED], 1u);
    EXPECT_EQ(kernel_open_connections(), 0u);
}

TEST_F(Adoption, DescriptorReusedBeforeItWasSeen) {
    worker.closed_by_no_hook(fd);
    ASSERT_EQ(worker.open_other(), fd);
    worker.receive(fd, "GET /forged HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 0u);
    EXPECT_EQ(kernel_open_connections(), 0u);
}

TEST_F(Adoption, AKnownConnectionIsLeftAlone) {
    const int known = worker.accept();
    worker.receive(known, "GET /a HTTP/1.1\r\n\r\n");
    kernel_adopt_connection(known, 1);
    worker.send(known, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1"));
}

TEST_F(Adoption, NewConnectionsBeginAsNewOnes) {
    const int fresh = worker.accept(); // not with what an adopted one was put together from
    worker.send(fresh, kOk);
    EXPECT_EQ(worker.counted(), 1u);
}

} // namespace
} // namespace bpf_test

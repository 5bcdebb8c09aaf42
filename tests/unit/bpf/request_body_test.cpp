// SPDX-License-Identifier: BSD-2-Clause
// Where a request's body ends: told by whether what follows is taken for the next request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using testing::ElementsAre;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kNext = "GET /next HTTP/1.1\r\n\r\n";

class RequestBody : public testing::Test {
protected:
    // Sends head and body in two parts, split at each place, answers, and expects the next request to be found.
    void expect_ends_behind(const std::string& message) {
        for (std::size_t at = 1; at <= message.size(); at++) {
            Worker worker;
            const int fd = worker.accept();
            worker.receive(fd, message.substr(0, at));
            if (at < message.size()) worker.receive(fd, message.substr(at));
            ASSERT_EQ(worker.connection(fd)->queued, 1u) << "split at " << at;
            ASSERT_FALSE(worker.connection(fd)->inside[0]) << "split at " << at;
            worker.send(fd, kOk);
            worker.receive(fd, kNext);
            worker.send(fd, kOk);
            ASSERT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "200 GET /next HTTP/1.1"))
                << "split at " << at;
        }
    }
    // The request's end cannot be known: nothing of what follows it in its call may be taken for a request, nor any
    // other call until it is answered. What comes then is the next request: a server that had refused it would have
    // closed.
    static void expect_endless(const std::string& message) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, message + kNext);
        worker.receive(fd, kNext);
        ASSERT_EQ(worker.connection(fd)->queued, 1u) << message;
        worker.send(fd, kOk);
        ASSERT_EQ(worker.connection(fd)->queued, 0u) << message;
        worker.receive(fd, kNext);
        worker.send(fd, kOk);
        ASSERT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "200 GET /next HTTP/1.1")) << message;
        worker.close(fd);
        EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u) << message;
        EXPECT_EQ(worker.totals().unserved, 0u) << message;
    }
};

std::string post(const std::string& fields, const std::string& body) {
    return "POST /p HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

TEST_F(RequestBody, ByContentLength) {
    expect_ends_behind(post("Content-Length: 5\r\n", "hello"));
    expect_ends_behind(post("content-length:5\r\n", "hello"));
    expect_ends_behind(post("CONTENT-LENGTH: \t 5 \r\n", "GET /"));
    expect_ends_behind(post("Content-Length: 0\r\n", ""));
    expect_ends_behind(post("", ""));
}

TEST_F(RequestBody, ByContentLengthOverManyReads) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, post("Content-Length: 200000\r\n", "x"));
    for (int left = 199'999; left > 0; left -= 8192) {
        ASSERT_TRUE(worker.connection(fd)->inside[0]);
        worker.receive(fd, std::string(static_cast<std::size_t>(std::min(left, 8192)), '\n'));
    }
    EXPECT_FALSE(worker.connection(fd)->inside[0]);
    EXPECT_EQ(worker.connection(fd)->queued, 1u);
}

TEST_F(RequestBody, ByChunks) {
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"));
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n0\r\n\r\n"));
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "00A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n"));
}

TEST_F(RequestBody, ByChunksWithExtensionsAndTrailers) {
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n",
                            "5;name=\"value 9\"\r\nhello\r\n0;last\r\nX-Trailer: 1\r\nX-Sum: deadbeef\r\n\r\n"));
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "5 ; " + std::string(100, 'e') + "\r\nhello\r\n0\r\n" +
                                                                  std::string(100, 't') + ": 1\r\n\r\n"));
}

TEST_F(RequestBody, ChunkDataLooksLikeAnEnd) {
    expect_ends_behind(post("Transfer-Encoding: chunked\r\n", "5\r\n0\r\n\r\n\r\n0\r\n\r\n"));
    expect_ends_behind(
        post("Transfer-Encoding: chunked\r\n", "1d\r\n0\r\n\r\nGET /forged HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"));
}

TEST_F(RequestBody, EveryTransferEncodingThatEndsWithChunked) {
    const std::string body = "5\r\nhello\r\n0\r\n\r\n";
    expect_ends_behind(post("Transfer-Encoding: gzip, chunked\r\n", body));
    expect_ends_behind(post("Transfer-Encoding: gzip,chunked\r\n", body));
    expect_ends_behind(post("Transfer-Encoding:chunked\r\n", body));
    expect_ends_behind(post("Transfer-Encoding: chunked \r\n", body));
    expect_ends_behind(post("Transfer-Encoding: chunked\t\r\n", body));
    expect_ends_behind(post("TRANSFER-ENCODING: CHUNKED\r\n", body));
    expect_ends_behind(post("transfer-encoding: Chunked\r\n", body));
    expect_ends_behind(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", body));
    expect_ends_behind(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", body));
}

TEST_F(RequestBody, OtherTransferEncodingsHaveNoBody) {
    expect_ends_behind(post("Transfer-Encoding: notchunked\r\n", ""));
    expect_ends_behind(post("Transfer-Encoding: chunked, gzip\r\n", ""));
    expect_ends_behind(post("Transfer-Encoding: identity\r\n", ""));
    expect_ends_behind(post("X-Transfer-Encoding: chunked\r\n", ""));
}

TEST_F(RequestBody, FieldsThatOnlyLookAlike) {
    expect_ends_behind(post("X-Content-Length: 5\r\n", ""));
    expect_ends_behind(post("Content-Length-X: 5\r\n", ""));
    expect_ends_behind(post("Content\rLength: 5\r\n", ""));
    expect_ends_behind(post("Content-Lengt: 5\r\nContent-Type: a/b\r\n", ""));
    expect_ends_behind(post(std::string("Content-Length\x1a 5\r\n"), ""));
}

TEST_F(RequestBody, LengthThatNobodyUnderstands) {
    for (const auto* value : {"", " ", " five", " -5", " 5x", " 5 5", " 0x5", " 5,", " ,5", " 5\r\n 6", "\r\n ",
                              " \x01"
                              "5",
                              " 1__0x"})
        expect_endless(post("Content-Length:" + std::string(value) + "\r\n", ""));
    expect_endless(post("Content-Length: \r\nContent-Length: 6\r\n", ""));
    expect_endless(post("Content-Length: 6\r\nContent-Length: \r\n", ""));
    expect_endless(post("Content-Length: " + std::string(70'000, 'x') + "\r\n", ""));
}

// Servers wait for as much as they are told.
TEST_F(RequestBody, LengthBeyondEverything) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, post("Content-Length: 99999999999999999999999\r\n", kNext));
    worker.receive(fd, kNext);
    EXPECT_TRUE(worker.connection(fd)->inside[0]);
    EXPECT_EQ(worker.connection(fd)->queued, 1u);
}

// Followed by httptools, passed over by gevent.pywsgi and tornado, refused by others.
TEST_F(RequestBody, FieldNameWithSpaceBehindIt) {
    expect_endless(post("Content-Length : 5\r\n", "hello"));
    expect_endless(post("Transfer-Encoding\t: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"));
}

TEST_F(RequestBody, ChunkSizeThatNobodyUnderstands) {
    for (const auto* size : {"\r\n", ";x\r\n", "xyz\r\n", "fffffffffffffffff\r\n"})
        expect_endless(post("Transfer-Encoding: chunked\r\n", size));
}

TEST_F(RequestBody, UnreadBodyIsNoRequest) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, post("Content-Length: 100\r\n", "GET /not-a-request HTTP/1.1\r\n\r\n"));
    worker.send(fd, kOk);
    worker.close(fd);
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u);
}

} // namespace
} // namespace bpf_test

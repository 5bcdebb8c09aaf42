// SPDX-License-Identifier: BSD-2-Clause
// Responses: which status counts, where one ends, whatever parts the server writes it in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class ResponseTest : public testing::Test {
protected:
    void request(const std::string& method = "GET") { worker.receive(fd, method + " /r HTTP/1.1\r\n\r\n"); }
    std::vector<int> statuses() const {
        std::vector<int> all;
        for (const auto& each : worker.responses()) all.push_back(each.status);
        return all;
    }
    // Each way to cut the bytes in two gives one response, complete with its last byte and not before.
    void expect_one(const std::string& bytes, int status, const std::string& method = "GET") {
        for (std::size_t at = 1; at <= bytes.size(); at++) {
            const auto before = worker.responses().size();
            request(method);
            worker.send(fd, bytes.substr(0, at));
            if (at < bytes.size()) {
                ASSERT_EQ(worker.responses().size(), before) << "complete too early, cut at " << at;
                worker.send(fd, bytes.substr(at));
            }
            ASSERT_EQ(worker.responses().size(), before + 1) << "cut at " << at;
            ASSERT_EQ(worker.responses().back().status, status) << "cut at " << at;
            ASSERT_EQ(worker.responses().back().line, method + " /r HTTP/1.1") << "cut at " << at;
        }
    }

    Worker worker;
    int fd = worker.accept();
};

TEST_F(ResponseTest, ByContentLength) {
    expect_one("HTTP/1.1 200 OK\r\nServer: gunicorn\r\nContent-Length: 5\r\n\r\nhello", 200);
    expect_one("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500);
    expect_one("HTTP/1.1 200 OK\ncontent-length:5\n\nHTTP/", 200);
}

TEST_F(ResponseTest, ByChunks) {
    expect_one("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", 200);
    expect_one("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n0\r\n\r\nHTTP/1\r\n0\r\nT: 1\r\n\r\n", 200);
    expect_one("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200);
}

TEST_F(ResponseTest, WithoutBodyWhateverItsFieldsSay) {
    expect_one("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204);
    expect_one("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304);
    expect_one("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "HEAD");
    expect_one("HTTP/1.1 200 OK\r\n\r\n", 200, "HEAD");
}

TEST_F(ResponseTest, MethodThatOnlyBeginsLikeHead) {
    expect_one("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "HEADER");
    expect_one("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "head");
}

TEST_F(ResponseTest, InterimOnesDoNotCount) {
    expect_one("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200);
    expect_one("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
               "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
               404);
    EXPECT_EQ(worker.totals().responses[0], 0u);
    EXPECT_EQ(worker.totals().responses[3], 0u);
}

TEST_F(ResponseTest, SwitchingProtocolsEndsHttp) {
    request();
    worker.pass(5ms);
    worker.send(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x0cHTTP/1.1 500");
    worker.pass(1s);
    worker.receive(fd, "GET /frame HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 500 no\r\n\r\n");
    worker.close(fd);
    EXPECT_THAT(statuses(), ElementsAre(101));
    EXPECT_EQ(worker.responses()[0].duration, 5ms);
    EXPECT_EQ(worker.totals().incomplete[contract::BY_SERVER], 0u);
}

TEST_F(ResponseTest, UntilTheConnectionCloses) {
    request();
    worker.send(fd, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
    worker.pass(20ms);
    worker.send(fd, "HTTP/1.1 500 in the body\r\n\r\n");
    EXPECT_THAT(statuses(), IsEmpty());
    worker.pass(2s); // the close may lag
    worker.close(fd);
    EXPECT_THAT(statuses(), ElementsAre(200));
    EXPECT_EQ(worker.responses()[0].duration, 20ms);
    EXPECT_EQ(worker.responses()[0].flags, 0);
}

TEST_F(ResponseTest, VersionIsTheClients) {
    for (const auto* version : {"1.1", "1.0", "0.99", "3.0", "1111.1", "1.11111111"})
        expect_one("HTTP/" + std::string(version) + " 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404);
}

TEST_F(ResponseTest, VersionOfAnyLength) {
    for (const std::size_t digits : {10, 13, 14, 15, 16, 17, 30, 58, 59, 60, 64, 100})
        expect_one("HTTP/" + std::string(digits, '1') + ".1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410);
    for (const auto* status : {" 503\r\n", " 503 \r\n", " 503 HTTP/1.1 200 OK\r\n", " 503\tx\n"})
        expect_one("HTTP/" + std::string(70, '2') + status + "Content-Length: 0\r\n\r\n", 503);
    for (const auto* status : {"\r\n", " \r\n", " 50\r\n", " 5030 x\r\n", " 050 \r\n", " x03\r\n"})
        expect_one("HTTP/" + std::string(70, '2') + status + "Content-Length: 0\r\n\r\n", 0);
    const std::string longest = "HTTP/" + std::string(4000, '3') + ".1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi";
    for (const std::size_t at : {1, 5, 6, 64, 65, 70, 512, 513, 4006, 4007, 4008, 4010}) {
        request();
        worker.send(fd, longest.substr(0, at));
        worker.send(fd, longest.substr(at));
        EXPECT_EQ(worker.responses().back().status, 404) << at;
    }
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ResponseTest, VersionOfAnyLengthByteByByte) {
    for (const auto* status : {" 410 Gone\r\n", " 410\n", "\r\n", "\n", " \n", " 41\r\n"}) {
        request();
        for (const char byte : "HTTP/" + std::string(70, '2') + status + "Content-Length: 0\r\n\r\n")
            worker.send(fd, {&byte, 1});
        EXPECT_EQ(worker.responses().back().status, std::string_view(status).contains("410") ? 410 : 0) << status;
    }
    EXPECT_EQ(worker.responses().size(), 6u);
}

TEST_F(ResponseTest, StatusLinesOfAllKinds) {
    expect_one("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200);
    expect_one("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200);
    expect_one("HTTP/1.1 999 Last\r\nContent-Length: 0\r\n\r\n", 999);
    expect_one("HTTP/1.1 418 " + std::string(300, 'r') + "\r\nContent-Length: 0\r\n\r\n", 418);
}

TEST_F(ResponseTest, StatusThatNobodyUnderstands) {
    for (const auto* status : {"", " ", " 20", " 2000", " 099", " abc", " 2 0", " -20"})
        expect_one("HTTP/1.1" + std::string(status) + "\r\nContent-Length: 0\r\n\r\n", 0);
    EXPECT_EQ(worker.totals().responses[contract::STATUS_UNREADABLE], worker.counted());
}

TEST_F(ResponseTest, FramingThatNobodyUnderstands) {
    for (const auto* fields : {"Content-Length: x\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
                               "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: chunked, gzip\r\n"}) {
        const int other = worker.accept();
        const auto before = worker.responses().size();
        worker.receive(other, "GET /r HTTP/1.1\r\n\r\n");
        worker.send(other, "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\nbody");
        EXPECT_EQ(worker.responses().size(), before) << fields;
        worker.close(other); // then it is known where it ends
        EXPECT_EQ(worker.responses().size(), before + 1) << fields;
    }
}

TEST_F(ResponseTest, InManyWindows) {
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 60; i++) head += "Set-Cookie: " + std::string(60, 'c') + "\r\n";
    request();
    worker.send(fd, head + "Content-Length: 70000\r\n\r\n" + std::string(70'000, '\n'));
    EXPECT_THAT(statuses(), ElementsAre(200));
}

TEST_F(ResponseTest, EndsWithItsLastAcceptedByte) {
    request();
    worker.pass(10ms);
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        worker.pass(100ms);
        worker.send_fails(fd, 11); // EAGAIN
        worker.pass(100ms);
        worker.send(fd, std::string(1'000'000, 'b'));
    }
    worker.pass(1s);
    worker.close(fd);
    ASSERT_THAT(statuses(), ElementsAre(200));
    EXPECT_EQ(worker.responses()[0].duration, 610ms);
    EXPECT_EQ(worker.totals().duration_sum_ns, 610'000'000u);
    EXPECT_EQ(worker.totals().duration_buckets[8], 1u); // over 0.5 s, up to 0.75 s
}

TEST_F(ResponseTest, ShortWriteIsSentAgainFromItsEnd) {
    const std::string bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
    for (std::size_t taken = 1; taken < bytes.size(); taken++) {
        request();
        worker.send(fd, bytes, static_cast<int>(taken));
        worker.send_fails(fd, 11);
        worker.send(fd, bytes.substr(taken));
    }
    EXPECT_EQ(worker.counted(), bytes.size() - 1);
    EXPECT_EQ(worker.totals().responses[404 - contract::STATUS_FIRST], bytes.size() - 1);
}

TEST_F(ResponseTest, ShortVectorIsSentAgainFromItsEnd) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
    request();
    worker.write_vector(fd, {head + "one", "two"}, head.size() + 2);
    EXPECT_THAT(statuses(), IsEmpty());
    worker.write_vector(fd, {"e", "two"});
    EXPECT_THAT(statuses(), ElementsAre(200));
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ResponseTest, BucketsIncludeTheirUpperBound) {
    const std::uint64_t bounds[] = DURATION_BOUNDS_NS;
    for (std::size_t bucket = 0; bucket < std::size(bounds); bucket++) {
        request();
        worker.pass(std::chrono::nanoseconds(bounds[bucket]));
        worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        EXPECT_EQ(worker.totals().duration_buckets[bucket], bucket ? 2u : 1u) << bucket;
        request();
        worker.pass(std::chrono::nanoseconds(bounds[bucket] + 1));
        worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        EXPECT_EQ(worker.totals().duration_buckets[bucket + 1], 1u) << bucket;
    }
}

TEST_F(ResponseTest, BodyBehindAHeadResponseIsNoResponse) {
    request("HEAD");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    worker.send(fd, "hello"); // Gunicorn sends what the application returns
    request();
    worker.send(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(statuses(), ElementsAre(200, 201));
}

TEST_F(ResponseTest, KnowsSinceWhenTheLoopHasNotLookedForEvents) {
    request();
    worker.pass(1ms);
    worker.poll();
    const auto polled = worker.now();
    worker.pass(1ms);
    worker.send(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker.responses().back().polled, polled);
}

TEST_F(ResponseTest, BytesThatAreNoStatusLine) {
    request();
    worker.send(fd, "HELO there\r\n\r\n");
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    worker.close(fd);
    EXPECT_THAT(statuses(), IsEmpty());
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_OPAQUE], 1u);
}

TEST_F(ResponseTest, BytesThatTurnOutToBeNoStatusLine) {
    request();
    worker.send(fd, "H");
    worker.send(fd, "ELO there\r\n\r\n");
    worker.close(fd);
    EXPECT_THAT(statuses(), IsEmpty());
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_OPAQUE], 1u);
}

} // namespace
} // namespace bpf_test

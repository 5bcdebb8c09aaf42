// SPDX-License-Identifier: BSD-2-Clause
// Bodies of very many chunks and very long heads: exact up to the bound, and beyond it the connection finds its place
// again.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunks(int count, const std::string& data, const std::string& extension = "") {
    char size[32];
    snprintf(size, sizeof size, "%zx", data.size());
    std::string all;
    for (int i = 0; i < count; i++) all += size + extension + "\r\n" + data + "\r\n";
    return all;
}

void expect_exact(Worker& worker, int fd) {
    worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
    worker.send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 2u);
    ASSERT_FALSE(worker.responses().empty());
    EXPECT_EQ(worker.responses().back().line, "GET /next HTTP/1.1");
    EXPECT_EQ(worker.responses().back().status, 404);
    worker.close(fd);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 1u);
    EXPECT_EQ(worker.totals().activity.in_flight, 0u);
    EXPECT_EQ(kernel_open_connections(), 0u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

struct Chunks {
    int count;
    std::size_t bytes;
    std::string extension;
};

class ManyChunks : public testing::TestWithParam<Chunks> {};

TEST_P(ManyChunks, OfAResponseInOneCall) {
    const auto& [count, bytes, extension] = GetParam();
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, kChunkedHead + chunks(count, std::string(bytes, 'x'), extension) + "0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.drops(), 0u);
    expect_exact(worker, fd);
}

TEST_P(ManyChunks, OfARequestInOneCall) {
    const auto& [count, bytes, extension] = GetParam();
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    worker.receive(fd, chunks(count, std::string(bytes, '\n'), extension) + "0\r\n\r\n");
    ASSERT_FALSE(worker.connection(fd)->inside[0]);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.drops(), 0u);
    expect_exact(worker, fd);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ManyChunks,
                         testing::Values(Chunks{235, 1, ""}, Chunks{10'000, 1, ""}, Chunks{10'000, 15, ""},
                                         Chunks{10'000, 16, ""}, Chunks{10'000, 200, ""}, Chunks{500, 5000, ""},
                                         Chunks{100, 100, ";name=a value"}));

// As uvloop writes what was given to it piece by piece.
TEST(ManySegments, OneForEachPieceOfAChunk) {
    for (const std::size_t bytes : {1, 9, 300}) {
        Worker worker;
        const int fd = worker.accept();
        Pieces pieces{kChunkedHead};
        for (int i = 0; i < 340; i++) {
            char size[32];
            snprintf(size, sizeof size, "%zx", bytes);
            pieces.insert(pieces.end(), {size, "\r", "\n", std::string(bytes, '0'), "\r\n", ""});
        }
        pieces.emplace_back("0\r\n\r\n");
        worker.receive(fd, kGet);
        worker.write_vector(fd, pieces);
        EXPECT_EQ(worker.counted(), 1u);
        EXPECT_EQ(worker.drops(), 0u);
        expect_exact(worker, fd);
    }
}

std::string fields(std::size_t bytes, std::size_t each) {
    std::string lines;
    while (lines.size() < bytes) lines += "Cookie: " + std::string(each, 'c') + "\r\n";
    return lines;
}

class LongHead : public testing::TestWithParam<std::size_t> {};

TEST_P(LongHead, OfARequestInOneCall) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "POST /a HTTP/1.1\r\n" + fields(256 * 1024, GetParam()) + "Content-Length: 5\r\n\r\nhello");
    ASSERT_FALSE(worker.connection(fd)->inside[0]);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.drops(), 0u);
    expect_exact(worker, fd);
}

TEST_P(LongHead, OfAResponseInOneCall) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, "HTTP/1.1 200 OK\r\n" + fields(256 * 1024, GetParam()) +
                        "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.drops(), 0u);
    expect_exact(worker, fd);
}

INSTANTIATE_TEST_SUITE_P(Lines, LongHead, testing::Values(24, 55, 64, 500, 8000, 300'000));

TEST(LongLine, OfARequestInOneCall) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "GET /" + std::string(256 * 1024, 'p') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    worker.send(fd, "HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].status, 414);
    EXPECT_TRUE(worker.responses()[0].flags & contract::RESPONSE_LINE_CUT);
    EXPECT_EQ(worker.drops(), 0u);
}

// ---- beyond the bound ----

constexpr int kTooMany = 40'000;

TEST(LostPlace, AResponseIsCountedWhenTheNextRequestComes) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, kChunkedHead + chunks(kTooMany, "x"));
    worker.pass(std::chrono::milliseconds(5));
    worker.send(fd, chunks(10, "HTTP/1.1 500 no\r\n") + "0\r\n\r\n");
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 1u);
    EXPECT_EQ(worker.counted(), 0u);
    worker.pass(std::chrono::seconds(2));
    expect_exact(worker, fd);
    EXPECT_EQ(worker.totals().duration_sum_ns, 5'000'000u); // idle time is in no duration
    for (const auto incomplete : worker.totals().incomplete) EXPECT_EQ(incomplete, 0u);
}

TEST(LostPlace, AResponseIsCountedWhenTheConnectionEnds) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, kChunkedHead + chunks(kTooMany, "x"));
    worker.close(fd);
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.totals().incomplete[contract::BY_SERVER], 0u);
    EXPECT_EQ(worker.totals().activity.in_flight, 0u);
}

TEST(LostPlace, AResponseEndsBeforeThatOfAPipelinedRequest) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, std::string(kGet) + "GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
    worker.pass(std::chrono::milliseconds(3));
    worker.send(fd, kChunkedHead + chunks(kTooMany, "x") + "0\r\n\r\n");
    worker.pass(std::chrono::milliseconds(4));
    worker.send(fd, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    worker.send(fd, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(worker.summaries(),
              (std::vector<std::string>{"200 GET /a HTTP/1.1", "503 GET /b HTTP/1.1", "404 GET /c HTTP/1.1"}));
    EXPECT_EQ(worker.responses()[0].duration, std::chrono::milliseconds(3));
    EXPECT_EQ(worker.responses()[1].duration, std::chrono::milliseconds(4));
}

TEST(LostPlace, ARequestIsAnsweredAndTheNextIsUnderstood) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    worker.receive(fd, chunks(kTooMany, "GET /no HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 1u);
    worker.receive(fd, chunks(10, "GET /no HTTP/1.1\r\n\r\n") + "0\r\n\r\n");
    worker.receive(fd, "GET /no HTTP/1.1\r\n\r\n"); // a chunk's data may begin a call, too
    worker.send(fd, kOk);
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.responses()[0].line, "POST /a HTTP/1.1");
    expect_exact(worker, fd);
}

TEST(LostPlace, AHeadThatIsTooLongIsAnsweredAndTheNextIsUnderstood) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "GET /a HTTP/1.1\r\n" + fields(2'000'000, 100) + "\r\n");
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 1u);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.responses()[0].line, "GET /a HTTP/1.1");
    expect_exact(worker, fd);
}

TEST(LostPlace, BothWaysAtOnce) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    worker.receive(fd, chunks(kTooMany, "x") + "0\r\n\r\n");
    worker.send(fd, kChunkedHead + chunks(kTooMany, "x") + "0\r\n\r\n");
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 2u);
    expect_exact(worker, fd);
}

} // namespace
} // namespace bpf_test

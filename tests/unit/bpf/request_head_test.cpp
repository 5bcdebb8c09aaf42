// SPDX-License-Identifier: BSD-2-Clause
// Request heads as clients send them, in any parts; each is answered, and the record shows what was understood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using testing::ElementsAre;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class RequestHead : public testing::Test {
protected:
    void receive_by(std::size_t step, std::string_view bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += step) worker.receive(fd, bytes.substr(at, step));
    }
    // True where the head is complete and nothing is left over.
    bool served() const {
        const auto known = worker.connection(fd);
        return known && known->queued == 1 && known->client_head_done && !known->inside[0];
    }

    Worker worker;
    int fd = worker.accept();
};

TEST_F(RequestHead, InOnePiece) {
    worker.receive(fd, "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a?b=c HTTP/1.1"));
    EXPECT_EQ(worker.responses()[0].flags, 0);
    EXPECT_EQ(worker.counted(), 1u);
    EXPECT_EQ(worker.totals().responses[200 - contract::STATUS_FIRST], 1u);
}

TEST_F(RequestHead, InPiecesOfEverySize) {
    const std::string head = "DELETE /some/path HTTP/1.1\r\nHost: example.org\r\nX-Long: " + std::string(90, 'x') +
                             "\r\ncontent-length: 0\r\n\r\n";
    for (std::size_t step = 1; step < head.size(); step++) {
        receive_by(step, head);
        ASSERT_TRUE(served()) << "pieces of " << step;
        worker.send(fd, kOk);
        ASSERT_EQ(summary(worker.responses().back()), "200 DELETE /some/path HTTP/1.1") << "pieces of " << step;
    }
    EXPECT_EQ(worker.counted(), head.size() - 1);
}

TEST_F(RequestHead, IsIncompleteUntilItsLastByte) {
    const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    receive_by(1, head.substr(0, head.size() - 1));
    EXPECT_FALSE(served());
    worker.receive(fd, "\n");
    EXPECT_TRUE(served());
}

TEST_F(RequestHead, OfSeveralWindows) {
    std::string head = "GET /many HTTP/1.1\r\n";
    for (int i = 0; i < 100; i++) head += "X-Header-" + std::to_string(i) + ": " + std::string(40, 'v') + "\r\n";
    receive_by(head.size(), head + "\r\n");
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /many HTTP/1.1"));
}

TEST_F(RequestHead, WithHeaderLineOfSeveralWindows) {
    const std::string head = "GET /cookie HTTP/1.1\r\nCookie: " + std::string(8000, 'c') + "\r\n\r\n";
    receive_by(head.size(), head);
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    receive_by(700, head);
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /cookie HTTP/1.1", "200 GET /cookie HTTP/1.1"));
}

TEST_F(RequestHead, LongHeaderLineSplitAnywhere) {
    // A value that contains what would end a head or give a length, were the line forgotten in between.
    const std::string line = "X: " + std::string(70, 'x') + "Content-Length: 5" + std::string(70, ' ') + "y\r\n";
    const std::string head = "GET /l HTTP/1.1\r\n" + line + "\r\n";
    for (std::size_t at = 1; at < head.size(); at++) {
        worker.receive(fd, head.substr(0, at));
        worker.receive(fd, head.substr(at));
        ASSERT_TRUE(served()) << "split at " << at;
        worker.send(fd, kOk);
    }
    EXPECT_EQ(worker.counted(), head.size() - 1);
}

// A call may end within a line just when a program run has taken all of its turns.
TEST_F(RequestHead, CutAfterAnyNumberOfLines) {
    std::string lines;
    for (int count = 0; count < 200; count++, lines += "X: v\r\n") {
        for (const std::string_view cut :
             {"Host: wwwwwwwwwwwwwwwwwwwwwwwwwwwww\r", "H", "Content-Length", "Content-Length: 0"}) {
            const std::string rest = cut.ends_with('h') ? ": 0\r\n" : cut.ends_with('\r') ? "\n" : "\r\n";
            worker.receive(fd, "GET /cut HTTP/1.1\r\n" + lines + std::string(cut));
            worker.receive(fd, rest);
            ASSERT_FALSE(served()) << count << cut;
            worker.receive(fd, "\r\n");
            ASSERT_TRUE(served()) << count << cut;
            worker.send(fd, kOk);
        }
    }
    EXPECT_EQ(worker.counted(), 800u);
}

TEST_F(RequestHead, BehindEmptyLines) {
    worker.receive(fd, "\r\n\r\n\nGET /a HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.receive(fd, "\r\n");
    EXPECT_EQ(worker.connection(fd)->queued, 0u);
    worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "200 GET /b HTTP/1.1"));
}

TEST_F(RequestHead, WithBareLineFeeds) {
    worker.receive(fd, "POST /lf HTTP/1.1\nContent-Length: 3\n\nabc");
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /lf HTTP/1.1"));
}

TEST_F(RequestHead, LineIsKeptUpToItsLimit) {
    const auto line_of = [](std::size_t bytes) { return "GET /" + std::string(bytes - 14, 'p') + " HTTP/1.1"; };
    for (const std::size_t bytes : {14, 447, 449, 512, 513, 4094}) {
        const auto line = line_of(bytes);
        receive_by(bytes, line + "\r\n\r\n");
        worker.send(fd, kOk);
        const auto& response = worker.responses().back();
        EXPECT_EQ(response.line, line.substr(0, contract::REQUEST_LINE_BYTES)) << bytes;
        const bool cut = bytes > contract::REQUEST_LINE_BYTES;
        EXPECT_EQ(response.flags, cut ? contract::RESPONSE_LINE_CUT : 0) << bytes;
    }
}

TEST_F(RequestHead, LineOf64Kilobytes) {
    const auto line = "GET /" + std::string(65536, 'p') + " HTTP/1.1";
    for (const std::size_t step : {1u, 100u, 8192u, 32'768u}) {
        receive_by(step, line + "\r\nHost: x\r\n\r\n");
        ASSERT_TRUE(served()) << step;
        worker.send(fd, kOk);
        EXPECT_EQ(worker.responses().back().line, line.substr(0, contract::REQUEST_LINE_BYTES)) << step;
        EXPECT_EQ(worker.responses().back().flags, contract::RESPONSE_LINE_CUT) << step;
    }
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(RequestHead, WithNulAndBytesBeyondAscii) {
    using namespace std::string_literals;
    const auto line = "GET /\0\xff\xfe\xc3( HTTP/1.1"s;
    worker.receive(fd, line + "\r\nX: \0\x80\x81\r\n\r\n"s);
    EXPECT_TRUE(served());
    worker.send(fd, kOk);
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].line, line);
}

TEST_F(RequestHead, Dribbled) {
    using namespace std::chrono_literals;
    worker.receive(fd, "GE");
    worker.pass(250ms);
    worker.receive(fd, "T /slow HT");
    worker.pass(250ms);
    worker.receive(fd, "TP/1.1\r\n\r\n");
    worker.pass(10ms);
    worker.send(fd, kOk);
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].duration, 510ms); // from its first byte
}

TEST_F(RequestHead, RefusedBeforeItsEnd) {
    worker.receive(fd, "\x01\x02garbage");
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    worker.close(fd);
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].status, 400);
    EXPECT_EQ(worker.responses()[0].line, "\x01\x02garbage");
    EXPECT_EQ(worker.responses()[0].flags, contract::RESPONSE_LINE_OPEN);
}

TEST_F(RequestHead, RestOfARefusedOneIsNoRequest) {
    worker.receive(fd, "GET /too-long HTTP/1.1\r\nCookie: ");
    worker.send(fd, "HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n");
    worker.receive(fd, "c\r\n\r\nGET /drained HTTP/1.1\r\n\r\n");
    worker.close(fd);
    EXPECT_THAT(worker.summaries(), ElementsAre("431 GET /too-long HTTP/1.1"));
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u);
}

TEST_F(RequestHead, BeginsLikeTlsOnAConnectionThatWasHttp) {
    worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    worker.receive(fd, "\x16\x03\x01 garbage\r\n\r\n");
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "400 \x16\x03\x01 garbage"));
}

} // namespace
} // namespace bpf_test

// SPDX-License-Identifier: BSD-2-Clause
// Keep-alive and pipelining: which request a response answers, from when it counts, and which were never served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }
std::string path(int i) { return std::string("/").append(std::to_string(i)); }
std::string ok(int status) { return "HTTP/1.1 " + std::to_string(status) + " Reason\r\nContent-Length: 2\r\n\r\nhi"; }

class Pipeline : public testing::Test {
protected:
    Worker worker;
    int fd = worker.accept();
};

TEST_F(Pipeline, KeepAliveTimesEachRequestByItself) {
    worker.pass(3s); // idle before the first request
    for (int i = 0; i < 3; i++) {
        worker.receive(fd, get(path(i)));
        worker.pass(4ms);
        worker.send(fd, ok(200));
        worker.pass(2s);
    }
    ASSERT_THAT(worker.summaries(), ElementsAre("200 GET /0 HTTP/1.1", "200 GET /1 HTTP/1.1", "200 GET /2 HTTP/1.1"));
    for (const auto& response : worker.responses()) EXPECT_EQ(response.duration, 4ms);
    EXPECT_EQ(worker.totals().duration_buckets[0], 3u);
}

TEST_F(Pipeline, SeveralHeadsInOneBuffer) {
    worker.receive(fd, get("/a") + get("/b") + get("/c"));
    EXPECT_EQ(worker.connection(fd)->queued, 3u);
    for (const int status : {200, 404, 200}) {
        worker.pass(7ms);
        worker.send(fd, ok(status));
    }
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "404 GET /b HTTP/1.1", "200 GET /c HTTP/1.1"));
    // The later ones waited in a buffer until the one before them was answered.
    for (const auto& response : worker.responses()) EXPECT_EQ(response.duration, 7ms);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

TEST_F(Pipeline, ResponsesInOneBuffer) {
    worker.receive(fd, get("/a") + get("/b"));
    worker.send(fd, ok(200) + ok(500));
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "500 GET /b HTTP/1.1"));
}

TEST_F(Pipeline, HeadRequestAmongThem) {
    worker.receive(fd, get("/a") + "HEAD /b HTTP/1.1\r\n\r\n" + get("/c"));
    worker.send(fd, ok(200) + "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + ok(201));
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "200 HEAD /b HTTP/1.1", "201 GET /c HTTP/1.1"));
}

TEST_F(Pipeline, BodiesBetweenThem) {
    worker.receive(fd, "POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nGET " + get("/b") +
                           "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get("/d"));
    EXPECT_EQ(worker.connection(fd)->queued, 4u);
    worker.send(fd, ok(200) + ok(201) + ok(202) + ok(203));
    EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /a HTTP/1.1", "201 GET /b HTTP/1.1", "202 PUT /c HTTP/1.1",
                                                "203 GET /d HTTP/1.1"));
}

TEST_F(Pipeline, ByteByByte) {
    const auto bytes = get("/a") + get("/b") + get("/c");
    for (const char byte : bytes) worker.receive(fd, {&byte, 1});
    const auto answers = ok(200) + ok(404) + ok(200);
    for (const char byte : answers) worker.send(fd, {&byte, 1});
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "404 GET /b HTTP/1.1", "200 GET /c HTTP/1.1"));
}

TEST_F(Pipeline, ReadWhileAnswering) {
    worker.receive(fd, get("/a"));
    worker.pass(5ms);
    worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh");
    worker.receive(fd, get("/b"));
    worker.pass(5ms);
    worker.send(fd, "i");
    worker.pass(3ms);
    worker.send(fd, ok(201));
    ASSERT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "201 GET /b HTTP/1.1"));
    EXPECT_EQ(worker.responses()[0].duration, 10ms);
    EXPECT_EQ(worker.responses()[1].duration, 3ms);
}

TEST_F(Pipeline, DroppedRequestsAreUnservedNotAborted) {
    worker.receive(fd, get("/a") + get("/b") + get("/c"));
    worker.send(fd, ok(200));
    worker.close(fd);
    EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1"));
    EXPECT_EQ(worker.totals().unserved, 2u);
    for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

TEST_F(Pipeline, UnfinishedHeadIsNotUnserved) {
    worker.receive(fd, get("/a") + get("/b") + "GET /c HT");
    worker.send(fd, ok(200));
    worker.close(fd);
    EXPECT_EQ(worker.totals().unserved, 1u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

TEST_F(Pipeline, LongLinesBehindOneAnother) {
    const auto path = "/" + std::string(400, 'p');
    const auto head = get(path);
    for (std::size_t step : {7u, 100u, 511u, 5000u}) {
        std::string bytes;
        for (int i = 0; i < 5; i++) bytes += head;
        const auto before = worker.responses().size();
        for (std::size_t at = 0; at < bytes.size(); at += step)
            worker.receive(fd, std::string_view(bytes).substr(at, step));
        worker.send(fd, ok(200) + ok(200) + ok(200) + ok(200) + ok(200));
        ASSERT_EQ(worker.responses().size(), before + 5);
        for (std::size_t i = before; i < before + 5; i++)
            EXPECT_EQ(worker.responses()[i].line, "GET " + path + " HTTP/1.1") << step;
    }
}

TEST_F(Pipeline, DeeperThanTheQueue) {
    for (int i = 0; i < 40; i++) worker.receive(fd, get(path(i)));
    EXPECT_EQ(worker.connection(fd)->queued, 40u);
    EXPECT_EQ(worker.drops(contract::DROP_PIPELINE_FULL), 8u);
    for (int i = 0; i < 40; i++) worker.send(fd, ok(200));
    EXPECT_EQ(worker.counted(), 40u); // no count is lost
    const auto lines = worker.summaries();
    ASSERT_EQ(lines.size(), 40u);
    EXPECT_EQ(lines[31], "200 GET /31 HTTP/1.1");
    EXPECT_EQ(lines[32], "200 "); // but labels are, and not another request's in their place
    EXPECT_EQ(lines[39], "200 ");
    worker.receive(fd, get("/after"));
    worker.send(fd, ok(200));
    EXPECT_EQ(worker.summaries().back(), "200 GET /after HTTP/1.1");
    worker.close(fd);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

std::string head(const std::string& path) { return "HEAD " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

// Of answers to HEAD only the method tells that they have no body: beyond the labels that are kept, too.
TEST_F(Pipeline, MethodsAreKnownBeyondTheQueue) {
    for (const std::size_t step : {1u, 3u, 20u, 100u, 100'000u}) {
        const int other = worker.accept();
        std::string requests;
        std::string responses;
        for (int i = 0; i < 200; i++) {
            const bool is_head = i % 7 == 3 || i > 190;
            requests += is_head ? head(path(i)) : get(path(i));
            responses += is_head ? "HTTP/1.1 404 No\r\nContent-Length: 700\r\n\r\n" : ok(200);
        }
        for (std::size_t at = 0; at < requests.size(); at += step)
            worker.receive(other, std::string_view(requests).substr(at, step));
        ASSERT_EQ(worker.connection(other)->queued, 200u) << step;
        const auto before = worker.responses().size();
        for (std::size_t at = 0; at < responses.size(); at += step)
            worker.send(other, std::string_view(responses).substr(at, step));
        ASSERT_EQ(worker.responses().size(), before + 200) << step;
        for (std::size_t i = 0; i < 200; i++) {
            const bool is_head = i % 7 == 3 || i > 190;
            const auto& response = worker.responses()[before + i];
            ASSERT_EQ(response.status, is_head ? 404 : 200) << i;
            ASSERT_EQ(response.flags, i < 32 ? 0 : contract::RESPONSE_LINE_LOST) << i;
            if (i < 32) {
                ASSERT_EQ(response.line, (is_head ? "HEAD " : "GET ") + path(static_cast<int>(i)) + " HTTP/1.1");
            }
        }
        worker.close(other);
    }
    EXPECT_EQ(worker.drops(contract::DROP_PARSE_BUDGET), 0u);
    EXPECT_EQ(worker.totals().unserved, 0u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

TEST_F(Pipeline, QueueThatIsRefilledWhileItIsAnswered) {
    int asked = 0;
    int answered = 0;
    const auto is_head = [](int i) { return i % 5 == 0; };
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 50; i++, asked++) worker.receive(fd, is_head(asked) ? head(path(asked)) : get(path(asked)));
        while (answered < asked - 20) {
            worker.send(fd, is_head(answered) ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : ok(200));
            answered++;
            ASSERT_EQ(worker.counted(), static_cast<std::uint64_t>(answered));
        }
    }
    EXPECT_EQ(worker.connection(fd)->queued, 20u);
}

TEST_F(Pipeline, ManyInOneCall) {
    std::string requests;
    std::string responses;
    for (int i = 0; i < 500; i++) {
        requests += "POST " + path(i) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
        responses += "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";
    }
    worker.receive(fd, requests);
    EXPECT_EQ(worker.connection(fd)->queued, 500u);
    worker.send(fd, responses);
    EXPECT_EQ(worker.counted(), 500u);
    EXPECT_EQ(worker.totals().responses[503 - contract::STATUS_FIRST], 500u);
    EXPECT_EQ(worker.drops(), worker.drops(contract::DROP_PIPELINE_FULL));
}

TEST_F(Pipeline, BeyondTheMethodsThePlaceIsLostUntilAllAreAnswered) {
    std::string requests;
    for (int i = 0; i < 700; i++) requests += get(path(i));
    worker.receive(fd, requests);
    const auto known = worker.connection(fd)->queued;
    EXPECT_EQ(known, contract::PIPELINE_METHODS + 1u);
    worker.receive(fd, get("/skipped"));
    for (int i = 0; i < 701; i++) worker.send(fd, ok(200));
    EXPECT_EQ(worker.counted(), 701u); // by what they look like
    worker.receive(fd, get("/next"));
    worker.send(fd, ok(404));
    EXPECT_EQ(worker.summaries().back(), "404 GET /next HTTP/1.1");
    EXPECT_EQ(worker.resyncs(contract::RESYNC_PIPELINE_FULL), 1u);
    EXPECT_GE(worker.drops(contract::DROP_PIPELINE_FULL), 701u - 33);
}

TEST_F(Pipeline, DeepQueueIsForgottenWithItsConnection) {
    for (int i = 0; i < 40; i++) worker.receive(fd, get(path(i)));
    for (int i = 0; i < 10; i++) worker.send(fd, ok(200));
    worker.receive(fd, get("/later"));
    worker.close(fd);
    EXPECT_EQ(worker.totals().unserved, 31u);
    EXPECT_EQ(kernel_pipelined_requests(), 0u);
}

} // namespace
} // namespace bpf_test

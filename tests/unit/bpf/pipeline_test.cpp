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

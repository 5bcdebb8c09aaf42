// SPDX-License-Identifier: BSD-2-Clause
// The values of Content-Length and Transfer-Encoding as RFC 9110 and 9112 have them, and as servers take them: what
// each of Gunicorn, gevent.pywsgi, tornado, httptools and h11 does with these heads was found out by sending them.
// Where some refuse a request and close, what the others do decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using testing::ElementsAre;

constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kNext = "HEAD /next HTTP/1.1\r\n\r\n";
constexpr auto kLast = "GET /last HTTP/1.1\r\n\r\n";
constexpr auto kChunks = "5\r\nhello\r\n0\r\n\r\n";

// A message, and what a window or what is kept between calls could cut.
std::vector<std::size_t> cuts(const std::string& message) {
    if (message.size() > 2000) return {1, 40, 100, 513, 600, message.size() - 3, message.size()};
    std::vector<std::size_t> all;
    for (std::size_t at = 1; at <= message.size(); at++) all.push_back(at);
    return all;
}

void expect_request_ends(const std::string& fields, const std::string& body) {
    const auto message = "POST /p HTTP/1.1\r\n" + fields + "\r\n\r\n" + body;
    for (const auto at : cuts(message)) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, message.substr(0, at));
        worker.receive(fd, message.substr(at) + kNext + kLast);
        worker.send(fd, kOk);
        worker.send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n");
        worker.send(fd, "HTTP/1.1 599 Last\r\nContent-Length: 0\r\n\r\n");
        ASSERT_THAT(worker.summaries(),
                    ElementsAre("200 POST /p HTTP/1.1", "404 HEAD /next HTTP/1.1", "599 GET /last HTTP/1.1"))
            << fields.substr(0, 100) << " cut at " << at;
        ASSERT_EQ(worker.drops(), 0u);
    }
}

void expect_response_ends(const std::string& fields, const std::string& body) {
    const auto message = "HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n" + body;
    for (const auto at : cuts(message)) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
        worker.send(fd, message.substr(0, at));
        worker.send(fd, message.substr(at) + "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        ASSERT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "503 GET /b HTTP/1.1"))
            << fields.substr(0, 100) << " cut at " << at;
        ASSERT_EQ(worker.drops(), 0u);
    }
}

std::string spaces(std::size_t count) { return std::string().append(count, ' '); }

TEST(FieldValue, LengthWithAnySpaceAroundIt) {
    for (const std::string& value :
         {":" + spaces(60) + "5", ":5" + spaces(70), ":" + spaces(50) + "5" + spaces(50),
          ":" + std::string(200, '\t') + "5\t", std::string(":\t 5 \t "), ":" + spaces(9000) + "5" + spaces(9000)}) {
        expect_request_ends("Content-Length" + value, "hello");
        expect_response_ends("Content-Length" + value, "hello");
    }
}

TEST(FieldValue, LengthOfManyDigits) {
    expect_request_ends("Content-Length: " + std::string(100, '0') + "5", "hello");
    expect_response_ends("Content-Length: " + std::string(900, '0') + "5", "hello");
}

TEST(FieldValue, FoldedLength) {
    for (const auto* value : {":\r\n 5", ":\r\n\t\r\n  5", ": 5\r\n ", ":5\r\n\t\r\n ", ":\n 5"}) {
        expect_request_ends("Content-Length" + std::string(value), "hello");
        expect_response_ends("Content-Length" + std::string(value), "hello");
    }
    expect_request_ends("Content-Length:\r\n" + spaces(100) + "5", "hello");
}

TEST(FieldValue, FoldedFieldThatIsAnother) {
    expect_request_ends("X: a\r\n Content-Length: 5\r\n\tTransfer-Encoding: chunked", "");
    expect_request_ends("Content-Length: 5\r\nX: a\r\n 6", "hello");
    expect_request_ends("Content-Length: 5\r\nX: " + std::string(700, 'a') + "\r\n 6", "hello");
}

TEST(FieldValue, LengthGivenTwice) {
    for (const auto* value : {": 5\r\nContent-Length: 5", ":5,5", ": 5 , 5,5", ": 5\r\ncontent-length: 05",
                              ": 5\r\nX: y\r\nContent-Length:\r\n 5"}) {
        expect_request_ends("Content-Length" + std::string(value), "hello");
        expect_response_ends("Content-Length" + std::string(value), "hello");
    }
    expect_request_ends("Content-Length: 5\r\nContent-Length: 6", "hello"); // gevent.pywsgi
}

TEST(FieldValue, LengthThatPythonTakes) {
    for (const auto* value : {" +5", " \v5", " 5\f",
                              " \xa0"
                              "5\x85",
                              "\x1c"
                              "5\x1f",
                              " 0_5"})
        expect_request_ends("Content-Length:" + std::string(value), "hello");
    expect_request_ends("Content-Length: 1_0", "hellohello");
}

TEST(FieldValue, ChunkedWithAnySpaceAroundIt) {
    for (const auto& value : {std::string(":chunked  "), std::string(":\t chunked \t"), ":" + spaces(80) + "chunked",
                              ":chunked" + spaces(90), ":" + spaces(9000) + "CHUNKED" + spaces(9000),
                              ":" + spaces(47) + "chunked", ": " + std::string(100, '\t') + "Chunked\t"}) {
        expect_request_ends("Transfer-Encoding" + value, kChunks);
        expect_response_ends("Transfer-Encoding" + value, kChunks);
    }
}

TEST(FieldValue, FoldedCoding) {
    for (const auto* value :
         {":\r\n chunked", ": chunked\r\n ", ": gzip,\r\n chunked", ":gzip\r\n\t,\r\n\tchunked\r\n\t"}) {
        expect_request_ends("Transfer-Encoding" + std::string(value), kChunks);
        expect_response_ends("Transfer-Encoding" + std::string(value), kChunks);
    }
}

TEST(FieldValue, ListsOfCodings) {
    for (const auto* value : {": gzip, chunked", ":gzip,chunked", ": identity ,\tchunked",
                              ": gzip\r\nTransfer-Encoding: chunked", ": x;q=\"1\" , chunked", ": chunkedx, chunked",
                              ": chunked\r\nTransfer-Encoding: chunked", ": gzip,, chunked"}) {
        expect_request_ends("Transfer-Encoding" + std::string(value), kChunks);
        expect_response_ends("Transfer-Encoding" + std::string(value), kChunks);
    }
    expect_request_ends("Transfer-Encoding: " + std::string(300, 'g') + ", chunked", kChunks);
}

// Refused, or taken for chunked, or for none, as the server and its version have it: where the request ends is not
// told. The next call that begins like a request is understood.
TEST(FieldValue, CodingsThatDoNotEndWithChunked) {
    for (const auto* value :
         {": chunked, identity", ": xchunked", ": x chunked", ": chunked x", ": chunk ed", ": chunked;q=1",
          ": \"chunked\"", ": chunked\r\n x", ": chunked\r\nTransfer-Encoding: gzip", ": chunke", ": chunkedd",
          ": chu\r\n nked", ": gzip\r\nContent-Length: 5"}) {
        for (const auto* body : {kChunks, "hello", ""}) {
            Worker worker;
            const int fd = worker.accept();
            worker.receive(fd, "POST /p HTTP/1.1\r\nTransfer-Encoding" + std::string(value) + "\r\n\r\n" + body);
            worker.send(fd, kOk);
            worker.receive(fd, kNext);
            worker.send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n");
            worker.receive(fd, kLast);
            worker.send(fd, "HTTP/1.1 599 Last\r\nContent-Length: 0\r\n\r\n");
            EXPECT_THAT(worker.summaries(),
                        ElementsAre("200 POST /p HTTP/1.1", "404 HEAD /next HTTP/1.1", "599 GET /last HTTP/1.1"))
                << value;
            EXPECT_EQ(worker.drops(), 0u);
        }
    }
    expect_request_ends("Transfer-Encoding:", "");
}

// Behind requests that were skipped, a byte of a body is not the beginning of an answer.
TEST(FieldValue, AByteBehindSkippedRequestsBeginsNoResponse) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "POST /p HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello" + std::string(kLast));
    worker.send(fd, kOk);
    worker.send(fd, kOk);
    for (const auto* piece : {"H", "HT", "HTTP"}) worker.send(fd, piece);
    for (int i = 0; i < 2; i++) {
        worker.receive(fd, kLast);
        worker.send(fd, kOk);
    }
    EXPECT_THAT(worker.summaries(),
                ElementsAre("200 POST /p HTTP/1.1", "200 ", "200 GET /last HTTP/1.1", "200 GET /last HTTP/1.1"));
}

// A server that does not follow the coding, or reads no trailer, takes what is left of the request for another one, and
// refuses that.
TEST(FieldValue, WhatAServerTakesForAnotherRequestMayBeAnswered) {
    for (const auto* request : {"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                                "Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: trailer\r\n\r\n"}) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, "POST /p HTTP/1.1\r\n" + std::string(request));
        worker.send(fd, kOk);
        for (int i = 0; i < 2; i++) worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "400 ")) << request;
        EXPECT_EQ(worker.totals().protocol_errors[contract::ERROR_RESPONSE], 1u) << "the second one";
    }
}

TEST(FieldValue, WhatAServerTakesForAnotherRequestIsOnlyRefused) {
    for (const auto* answer : {"HTTP/1.1 500 Forged\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, "POST /p HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
        worker.send(fd, kOk);
        worker.send(fd, answer);
        worker.receive(fd, kLast);
        worker.send(fd, kOk);
        EXPECT_THAT(worker.summaries(), ElementsAre("200 POST /p HTTP/1.1", "200 GET /last HTTP/1.1"));
        EXPECT_EQ(worker.totals().protocol_errors[contract::ERROR_RESPONSE], 1u);
    }
}

TEST(FieldValue, ChunkedDecidesWhateverTheLengthIs) {
    for (const auto* length : {"3", "x", "5\r\nContent-Length: 6", ""}) {
        expect_request_ends("Transfer-Encoding: chunked\r\nContent-Length: " + std::string(length), kChunks);
        expect_response_ends("Content-Length: " + std::string(length) + "\r\nTransfer-Encoding: chunked", kChunks);
    }
}

// A response ends with the next one, or the next request, if its own end cannot be told.
TEST(FieldValue, ResponseWhoseLengthNobodyUnderstands) {
    for (const auto* value : {"x", "+5", "5\r\nContent-Length: 6", "5 5", "\v5", "1_0", ""}) {
        Worker worker;
        const int fd = worker.accept();
        worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
        worker.send(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::string(value) + "\r\n\r\nbody");
        worker.receive(fd, "GET /b HTTP/1.1\r\n\r\n");
        worker.send(fd, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
        worker.close(fd);
        EXPECT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1", "503 GET /b HTTP/1.1")) << value;
    }
}

TEST(FieldValue, FieldsThatDoNotMatterTakeNoRoom) {
    std::string fields;
    for (int i = 0; i < 6000; i++) fields += "X: v\r\n";
    expect_request_ends(fields + "X: " + std::string(100'000, 'v') + "\r\nContent-Length: 5", "hello");
    expect_response_ends(fields + "X: " + std::string(100'000, 'v') + "\r\nContent-Length: 5", "hello");
}

} // namespace
} // namespace bpf_test

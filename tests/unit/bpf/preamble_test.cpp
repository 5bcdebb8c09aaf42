// SPDX-License-Identifier: BSD-2-Clause
// Connections that begin with something else than a request: PROXY protocol version 2, uwsgi.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

// Version 2, command PROXY, TCP over IPv4; the addresses contain what would end a line.
const auto kProxy = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + "\x7f\0\0\1\n\r\n\r\0\x50\0\x50"s;

std::string uwsgi(const std::string& variables) {
    const char header[] = {0, static_cast<char>(variables.size() & 0xff), static_cast<char>(variables.size() >> 8), 0};
    return std::string(header, sizeof header) + variables;
}

TEST(Preamble, ProxyVersion2InAnyPortions) {
    const auto bytes = kProxy + kGet;
    for (std::size_t step = 1; step <= bytes.size(); step++) {
        Worker worker;
        const int fd = worker.accept();
        for (std::size_t at = 0; at < bytes.size(); at += step)
            worker.receive(fd, std::string_view(bytes).substr(at, step));
        worker.send(fd, kOk);
        ASSERT_THAT(worker.summaries(), ElementsAre("200 GET /a HTTP/1.1")) << "parts of " << step;
        EXPECT_EQ(worker.drops(), 0u);
    }
}

TEST(Preamble, ProxyVersion2Alone) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, kProxy);
    worker.close(fd);
    EXPECT_EQ(worker.totals().connections[contract::CONNECTION_PARTIAL], 1u);
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u);
}

TEST(Preamble, UwsgiPacketsInAnyPortions) {
    const auto variables = "\x0e\0REQUEST_METHOD\x04\0POST\x09\0PATH_INFO\x02\0/u"s + std::string(700, 'v');
    const auto bytes = uwsgi(variables);
    for (const std::size_t step : {1u, 2u, 5u, 64u, 512u, 4096u}) {
        Worker worker;
        const int fd = worker.accept();
        for (int round = 0; round < 2; round++) { // kept alive
            for (std::size_t at = 0; at < bytes.size(); at += step)
                worker.receive(fd, std::string_view(bytes).substr(at, step));
            worker.send(fd, kOk);
        }
        ASSERT_EQ(worker.responses().size(), 2u) << step;
        for (const auto& response : worker.responses()) {
            EXPECT_EQ(response.line, variables.substr(0, contract::REQUEST_LINE_BYTES)) << step;
            EXPECT_EQ(response.flags, contract::RESPONSE_UWSGI | contract::RESPONSE_LINE_CUT) << step;
        }
        worker.close(fd);
        EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 0u);
    }
}

TEST(Preamble, NulThatIsNeither) {
    Worker worker;
    const int fd = worker.accept();
    worker.receive(fd, "\0\0\0\1 no protocol at all\r\n\r\n"s);
    worker.send(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    ASSERT_EQ(worker.responses().size(), 1u);
    EXPECT_EQ(worker.responses()[0].line, "\0\0\0\1 no protocol at all"s);
}

} // namespace
} // namespace bpf_test

// SPDX-License-Identifier: BSD-2-Clause
// The server through real sockets: protocol, errors, start and stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "client.h"
#include "web/server.h"

namespace {

using testing::HasSubstr;
using testing::StartsWith;
using web::Format;
using web_test::Client;
using web_test::get;
using web_test::request;

web::Options on_a_free_port() {
    web::Options options;
    options.listen_addresses = {"127.0.0.1:0"};
    return options;
}

web::Pages pages() {
    return {.metrics = [](Format) -> Result<std::string> { return std::string("some_total 1\n"); },
            .ready = [] { return true; }};
}

class ServerTest : public testing::Test {
protected:
    void serve(web::Pages content, const web::Options& options = on_a_free_port()) {
        auto started = web::Server::start(options, std::move(content));
        ASSERT_TRUE(started.has_value()) << started.error().text;
        server = std::make_unique<web::Server>(std::move(*started));
        port = server->port();
    }
    std::unique_ptr<web::Server> server;
    std::uint16_t port = 0;
};

TEST_F(ServerTest, ServesThePage) {
    serve(pages());
    const auto response = get(port, "/metrics?ignored=1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(response.body, "some_total 1\n");
    EXPECT_EQ(server->addresses().front(), "127.0.0.1:" + std::to_string(port));
}

TEST_F(ServerTest, CompressesAndNegotiates) {
    serve({.metrics = [](Format format) -> Result<std::string> {
               return std::string(format == Format::openmetrics ? "# EOF\n" : "text\n");
           },
           .ready = [] { return true; }});
    const auto response = get(port, "/metrics", "Accept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n");
    EXPECT_EQ(response.headers.at("content-encoding"), "gzip");
    EXPECT_THAT(response.headers.at("content-type"), StartsWith("application/openmetrics-text; version=1.0.0"));
    EXPECT_EQ(web_test::gunzip(response.body), "# EOF\n");
}

TEST_F(ServerTest, AnswersHeadWithTheLengthAndNoBody) {
    serve(pages());
    Client client(port);
    ASSERT_TRUE(client.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto head = client.receive(true);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("content-length"), "13");
    // Had a body followed, it would be read as the next status line.
    ASSERT_TRUE(client.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(client.receive().status, 200);
}

TEST_F(ServerTest, KeepsTheConnectionForTheNextScrape) {
    std::atomic<int> scrapes = 0;
    serve({.metrics = [&](Format) -> Result<std::string> { return std::to_string(++scrapes); },
           .ready = [] { return true; }});
    Client client(port);
    for (const char* expected : {"1", "2", "3"}) {
        ASSERT_TRUE(client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
        EXPECT_EQ(client.receive().body, expected);
    }
}

TEST_F(ServerTest, AnswersABodyNobodyAskedForOnceAndCloses) {
    std::atomic<int> scrapes = 0;
    serve({.metrics = [&](Format) -> Result<std::string> { return std::to_string(++scrapes); },
           .ready = [] { return true; }});
    const auto with_body = request(port, "GET", "/metrics", "Content-Length: 0\r\n");
    EXPECT_EQ(with_body.body, "1");
    Client client(port);
    ASSERT_TRUE(client.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc"));
    const auto refused = client.receive();
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.at("allow"), "GET, HEAD");
    EXPECT_TRUE(client.is_closed_within(std::chrono::seconds(30)));
    EXPECT_EQ(scrapes, 1);
}

TEST_F(ServerTest, ReadsPastTheBodyOfAGet) {
    serve(pages());
    Client client(port);
    ASSERT_TRUE(client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"));
    EXPECT_EQ(client.receive().body, "some_total 1\n");
}

TEST_F(ServerTest, SaysWhyThereIsNoPage) {
    serve({.metrics = [](Format) -> Result<std::string> { return fail("no snapshot within 1 s"); },
           .ready = [] { return false; }});
    EXPECT_EQ(get(port, "/metrics").status, 503);
    EXPECT_EQ(get(port, "/metrics").body, "no snapshot within 1 s\n");
    EXPECT_EQ(get(port, "/-/ready").status, 503);
    EXPECT_EQ(get(port, "/-/healthy").status, 200);
}

TEST_F(ServerTest, SurvivesAPageThatThrows) {
    serve({.metrics = [](Format) -> Result<std::string> { throw std::runtime_error("out of something"); },
           .ready = [] { return true; }});
    const auto response = get(port, "/metrics");
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("out of something"));
    EXPECT_EQ(get(port, "/-/healthy").status, 200);
}

TEST_F(ServerTest, SurvivesGarbage) {
    serve(pages());
    for (const char* garbage : {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02", "GET /metrics HTTP/1.1\r\nHost"}) {
        const Client client(port);
        client.send(garbage);
    }
    const Client long_head(port);
    long_head.send("GET /" + std::string(100000, 'a') + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(get(port, "/metrics").status, 200);
}

TEST_F(ServerTest, SaysThatThePortIsInUse) {
    serve(pages());
    web::Options same = on_a_free_port();
    same.listen_addresses = server->addresses();
    const auto second = web::Server::start(same, pages());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().text, "listen on " + server->addresses().front() +
                                       ": address already in use (choose another with --web.listen-address)");
}

TEST_F(ServerTest, RefusesLimitsThatCannotWork) {
    web::Options options = on_a_free_port();
    options.connection_limit = 0;
    EXPECT_FALSE(web::Server::start(options, pages()).has_value());
    options = on_a_free_port();
    options.deadlines.idle = std::chrono::seconds(0);
    EXPECT_FALSE(web::Server::start(options, pages()).has_value());
    options = on_a_free_port();
    options.telemetry_path = "metrics";
    EXPECT_FALSE(web::Server::start(options, pages()).has_value());
}

// bcrypt runs beside the thread that serves: others do not wait for it.
TEST_F(ServerTest, AnswersOthersWhileAPasswordIsChecked) {
    web::Protection protection;
    std::mutex held;
    std::unique_lock hold(held);
    std::atomic<int> checks = 0;
    const std::string hash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"; // of "secret"
    protection.passwords = std::make_shared<web::Passwords>(
        std::map<std::string, std::string>{{"me", hash}}, [&](const std::string& password, const std::string& setting) {
            if (++checks > 1) const std::lock_guard wait(held);
            return web::Passwords::bcrypt(password, setting);
        });
    auto started = web::Server::start(on_a_free_port(), pages(), std::move(protection));
    ASSERT_TRUE(started.has_value()) << started.error().text;
    const auto at = started->port();
    constexpr const char* kRight = "Authorization: Basic bWU6c2VjcmV0\r\n"; // me:secret
    EXPECT_EQ(get(at, "/metrics").status, 401);
    EXPECT_EQ(get(at, "/metrics", kRight).status, 200);
    Client wrong(at);
    ASSERT_TRUE(wrong.send("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic bWU6eA==\r\n\r\n"));
    EXPECT_EQ(get(at, "/metrics", kRight).status, 200);
    EXPECT_FALSE(wrong.is_closed_within(std::chrono::milliseconds(1)));
    hold.unlock();
    EXPECT_EQ(wrong.receive().status, 401);
}

TEST_F(ServerTest, StopsWhileAPasswordIsChecked) {
    web::Protection protection;
    std::promise<void> asked;
    protection.passwords = std::make_shared<web::Passwords>(
        std::map<std::string, std::string>{{"me", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"}},
        [&](const std::string&, const std::string&) {
            asked.set_value();
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            return std::string{};
        });
    auto started = web::Server::start(on_a_free_port(), pages(), std::move(protection));
    ASSERT_TRUE(started.has_value()) << started.error().text;
    const Client client(started->port());
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic bWU6eA==\r\n\r\n"));
    asked.get_future().wait();
    auto stopped = std::make_unique<web::Server>(std::move(*started));
    stopped.reset(); // libmicrohttpd would abort the program if a request were still suspended
}

TEST_F(ServerTest, ListensOnSeveralAddresses) {
    auto options = on_a_free_port();
    options.listen_addresses = {"127.0.0.1:0", "127.0.0.2:0"};
    serve(pages(), options);
    ASSERT_EQ(server->addresses().size(), 2U);
    EXPECT_THAT(server->addresses().back(), StartsWith("127.0.0.2:"));
    EXPECT_EQ(get(port, "/metrics").status, 200);
    const auto& second = server->addresses().back();
    const auto said = std::system(("curl -sf -m 10 http://" + second + "/metrics | grep -q some_total").c_str());
    EXPECT_EQ(said, 0);
    options.listen_addresses = {"127.0.0.1:0", second};
    EXPECT_FALSE(web::Server::start(options, pages()).has_value());
}

TEST_F(ServerTest, FreesThePortWhenItStopsAndMoves) {
    serve(pages());
    web::Options same = on_a_free_port();
    same.listen_addresses = server->addresses();
    web::Server moved = std::move(*server);
    server.reset();
    EXPECT_EQ(get(moved.port(), "/metrics").status, 200);
    auto other = web::Server::start(on_a_free_port(), pages());
    ASSERT_TRUE(other.has_value()) << other.error().text;
    moved = std::move(*other); // stops the first
    EXPECT_TRUE(web::Server::start(same, pages()).has_value());
}

} // namespace

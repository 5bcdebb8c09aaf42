// SPDX-License-Identifier: BSD-2-Clause
// The server beside clients that are silent, slow or many. The limits are generous: a loaded machine must not make
// these fail, while a server that waits for any such client takes many seconds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client.h"
#include "web/server.h"

namespace {

using namespace std::chrono_literals;
using web::Format;
using web_test::Client;
using web_test::get;

constexpr auto kPrompt = 30s; // half of what a client that is waited for has

class ServerLoad : public testing::Test {
protected:
    void serve(unsigned connection_limit, std::chrono::seconds idle_timeout, std::size_t page_bytes,
               std::chrono::seconds head_deadline = 60s, std::chrono::seconds response_deadline = 60s) {
        web::Options options;
        options.listen_addresses = {"127.0.0.1:0"};
        options.connection_limit = connection_limit;
        options.deadlines = {.head = head_deadline, .response = response_deadline, .idle = idle_timeout};
        const std::string page(page_bytes, 'x');
        auto started = web::Server::start(
            options, {.metrics = [page](Format) -> Result<std::string> { return page; }, .ready = [] { return true; }});
        ASSERT_TRUE(started.has_value()) << started.error().text;
        server = std::make_unique<web::Server>(std::move(*started));
    }

    void expect_prompt_scrape() {
        const auto before = std::chrono::steady_clock::now();
        EXPECT_EQ(get(server->port(), "/metrics").status, 200);
        EXPECT_LT(std::chrono::steady_clock::now() - before, kPrompt);
    }

    std::unique_ptr<web::Server> server;
};

TEST_F(ServerLoad, SilentClientsOverTheLimitDoNotDelayAScrape) {
    serve(8, 60s, 1000);
    std::vector<Client> silent;
    for (int i = 0; i < 200; ++i) {
        silent.emplace_back(server->port());
        if (i % 2 == 0) silent.back().send("GET /metrics HTTP/1.1\r\nHo");
    }
    expect_prompt_scrape();
    EXPECT_TRUE(silent.front().is_closed_within(kPrompt)); // the oldest has made room
}

TEST_F(ServerLoad, AClientThatSendsByteByByteDoesNotKeepItsPlaceForEver) {
    serve(4, 60s, 1000);
    Client dribbling(server->port());
    std::vector<Client> others;
    for (int i = 0; i < 8; ++i) {
        dribbling.send("G");
        others.emplace_back(server->port());
    }
    EXPECT_TRUE(dribbling.is_closed_within(kPrompt));
    expect_prompt_scrape();
}

TEST_F(ServerLoad, ClientsThatDoNotReadDoNotDelayAScrape) {
    serve(16, 60s, 8'000'000);
    std::vector<Client> slow;
    for (int i = 0; i < 8; ++i) {
        slow.emplace_back(server->port());
        ASSERT_TRUE(slow.back().send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    expect_prompt_scrape();
    EXPECT_EQ(slow.front().receive().body.size(), 8'000'000U); // and the slow one still gets its page
}

TEST_F(ServerLoad, TheScraperKeepsItsConnectionWhileSilentOnesGo) {
    constexpr std::size_t kLimit = 4;
    serve(kLimit, 60s, 10);
    Client scraper(server->port());
    std::vector<Client> silent;
    for (std::size_t i = 0; i < 20; ++i) {
        silent.emplace_back(server->port());
        // Connections are accepted in their own time. The one that had to go tells that the new one is in.
        if (i + 1 >= kLimit) {
            ASSERT_TRUE(silent[i + 1 - kLimit].is_closed_within(kPrompt)) << i;
        }
        ASSERT_TRUE(scraper.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
        ASSERT_EQ(scraper.receive().status, 200) << i;
    }
}

TEST_F(ServerLoad, AnIdleConnectionIsClosedAfterItsTimeout) {
    serve(8, 3s, 10);
    Client idle(server->port());
    ASSERT_TRUE(idle.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    ASSERT_EQ(idle.receive().status, 200);
    EXPECT_FALSE(idle.is_closed_within(300ms));
    EXPECT_TRUE(idle.is_closed_within(kPrompt));
}

// Without a total, each byte would begin the wait anew.
TEST_F(ServerLoad, AHeadHasATotalDeadlineHoweverItDribbles) {
    serve(8, 60s, 10, 3s);
    Client fresh(server->port());
    Client kept(server->port());
    ASSERT_TRUE(kept.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    ASSERT_EQ(kept.receive().status, 200);
    const auto begin = std::chrono::steady_clock::now();
    const auto dribbled_out = [&](Client& client) {
        while (std::chrono::steady_clock::now() - begin < kPrompt) {
            client.send("G");
            if (client.is_closed_within(100ms)) return true;
        }
        return false;
    };
    EXPECT_TRUE(dribbled_out(kept)); // its 60 s of idleness ended with its first byte
    EXPECT_TRUE(dribbled_out(fresh));
}

TEST_F(ServerLoad, AResponseHasATotalDeadlineHoweverItIsRead) {
    serve(8, 60s, 50'000'000, 60s, 1s);
    Client slow(server->port());
    ASSERT_TRUE(slow.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_FALSE(slow.is_closed_within(1ms));
    std::this_thread::sleep_for(2500ms);         // reads nothing for longer than the deadline
    EXPECT_TRUE(slow.is_closed_within(kPrompt)); // what was in the buffers, and then the end
}

TEST_F(ServerLoad, StopsPromptlyWithConnectionsOpen) {
    serve(16, 60s, 8'000'000);
    Client silent(server->port());
    const Client unread(server->port());
    ASSERT_TRUE(unread.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    expect_prompt_scrape();
    const auto before = std::chrono::steady_clock::now();
    server.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - before, kPrompt);
    EXPECT_TRUE(silent.is_closed_within(kPrompt));
}

TEST_F(ServerLoad, AnswersManyClientsAtOnceEachCompletely) {
    serve(64, 60s, 200'000);
    std::atomic<int> complete = 0;
    {
        std::vector<std::jthread> clients;
        clients.reserve(8);
        for (int i = 0; i < 8; ++i)
            clients.emplace_back([&] {
                for (int scrape = 0; scrape < 20; ++scrape)
                    if (get(server->port(), "/metrics").body == std::string(200'000, 'x')) ++complete;
            });
    }
    EXPECT_EQ(complete, 160);
}

int open_descriptors() {
    int count = 0;
    for (int descriptor = 0; descriptor < 1024; ++descriptor)
        if (fcntl(descriptor, F_GETFD) >= 0) ++count;
    return count;
}

TEST_F(ServerLoad, LeavesNoDescriptorBehind) {
    serve(8, 60s, 10);
    server.reset();
    const int before = open_descriptors();
    for (int i = 0; i < 5; ++i) {
        serve(8, 60s, 10);
        expect_prompt_scrape();
        server.reset();
    }
    EXPECT_EQ(open_descriptors(), before);
}

} // namespace

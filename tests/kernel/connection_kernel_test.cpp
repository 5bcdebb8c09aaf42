// SPDX-License-Identifier: BSD-2-Clause
// Connections: begun by accept, and ended in every way.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "connection_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

TEST_F(Connection, AcceptedByAccept4AndClosed) {
    serve([](int fd) { answer(fd), close(fd); }, ask);
    expect_ended("http");
}

TEST_F(Connection, AcceptedByAccept) {
    const auto worker = fork_worker([&](const Steps&) {
        const int fd = static_cast<int>(syscall(SYS_accept, listener_.fd(), nullptr, nullptr));
        answer(fd);
        return close(fd);
    });
    Client client(listener_);
    worker->go();
    ask(client);
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().requests(), 1u);
    expect_ended("http");
}

TEST_F(Connection, Empty) {
    serve([](int fd) { read_head(fd), close(fd); }, [](Client& client) { client.close(); });
    expect_ended("empty");
}

TEST_F(Connection, EndedByDup2AndDup3) {
    for (const bool third : {false, true}) {
        const auto worker = fork_worker([&](const Steps& steps) {
            const int fd = accept_on(listener_.fd());
            answer(fd);
            const int null = open("/dev/null", O_WRONLY);
            if (third)
                syscall(SYS_dup3, null, fd, O_CLOEXEC);
            else
                dup2(null, fd);
            steps.done();
            steps.wait();
            send_bytes(fd, kOk); // to the file
            return 0;
        });
        Client client(listener_);
        worker->go();
        ask(client);
        ASSERT_TRUE(worker->wait_until_done());
        expect_ended("http"); // before the worker ends
        worker->go();
        ASSERT_EQ(worker->join(), 0);
        EXPECT_EQ(totals().requests(), 1u);
    }
}

TEST_F(Connection, ShutdownEndsTheResponse) {
    const auto worker = fork_worker([&](const Steps& steps) {
        const int fd = accept_on(listener_.fd());
        read_head(fd);
        send_bytes(fd, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
        shutdown(fd, SHUT_WR);
        steps.done();
        usleep(50'000);
        read_head(fd); // drains
        return close(fd);
    });
    Client client(listener_);
    worker->go();
    client.send(kGet);
    ASSERT_TRUE(worker->wait_until_done());
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_FALSE(responses[0].incomplete);
    EXPECT_LT(responses[0].duration, 50ms);
    client.send("GET /drained HTTP/1.1\r\n\r\n");
    client.finish_sending();
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(totals().unserved_requests, 0u);
    expect_ended("http");
}

TEST_F(Connection, KeptAliveOverThreads) {
    serve(
        [](int fd) {
            for (int i = 0; i < 3; i++) {
                read_head(fd);
                std::thread([fd] { send_bytes(fd, kOk); }).join();
            }
            std::thread([fd] { close(fd); }).join();
        },
        [](Client& client) {
            for (int i = 0; i < 3; i++) {
                ask(client);
                std::this_thread::sleep_for(60ms);
            }
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 3u);
    for (const auto& response : responses) EXPECT_LT(response.duration, 50ms); // idle time is in none
    expect_ended("http");
}

TEST_F(Connection, NumbersReusedByManyThreads) {
    // Each thread accepts and closes: a number is free as soon as close() has begun, and the next accept() may return
    // it, to another thread, before close() does.
    constexpr int kThreads = 4;
    constexpr int kEach = 500;
    const auto worker = fork_worker([&](const Steps&) {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; i++) {
            threads.emplace_back([&] {
                for (int served = 0; served < kEach; served++) {
                    const int fd = accept_on(listener_.fd());
                    answer(fd);
                    close(fd);
                }
            });
        }
        threads.clear();
        return 0;
    });
    worker->go();
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < kThreads; i++) {
            clients.emplace_back([&] {
                for (int asked = 0; asked < kEach; asked++) {
                    Client client(listener_);
                    client.send(kGet);
                    client.receive_all();
                }
            });
        }
    }
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().responses, (Counts{{200, kThreads * kEach}}));
    EXPECT_EQ(totals().connections.at("http"), std::uint64_t{kThreads * kEach});
    EXPECT_EQ(totals().aborted.server, 0u);
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(lost(contract::DROP_CONNECTIONS_FULL), 0u);
}

TEST_F(Connection, CountsOfOneMomentWhileManyThreadsCount) {
    constexpr int kThreads = 4;
    constexpr int kEach = 3000;
    const auto worker = fork_worker([&](const Steps&) {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; i++) {
            threads.emplace_back([&] {
                const int fd = accept_on(listener_.fd());
                for (int served = 0; served < kEach; served++) answer(fd);
                close(fd);
            });
        }
        threads.clear();
        return 0;
    });
    worker->go();
    std::vector<std::jthread> clients;
    for (int i = 0; i < kThreads; i++) {
        clients.emplace_back([&] {
            Client client(listener_);
            for (int asked = 0; asked < kEach; asked++) ask(client);
        });
    }
    std::uint64_t reads = 0;
    std::uint64_t seen = 0;
    while (seen < kThreads * kEach) {
        const auto read = probe_->totals(worker_slot_);
        if (!read) continue;
        const auto& totals = *read;
        reads++;
        std::uint64_t responses = 0;
        for (const auto& [status, count] : totals.responses) responses += count;
        ASSERT_EQ(responses, totals.requests());
        ASSERT_GE(totals.requests(), seen);
        seen = totals.requests();
    }
    EXPECT_GT(reads, 1000u);
    clients.clear();
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().responses, (Counts{{200, kThreads * kEach}}));
}

TEST_F(Connection, AbortedByTheClient) {
    serve(
        [](int fd) {
            read_head(fd);
            char byte = 0;
            recv(fd, &byte, 1, 0); // ECONNRESET
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            std::this_thread::sleep_for(50ms);
            client.reset();
        });
    EXPECT_EQ(totals().aborted.client, 1u);
    EXPECT_EQ(totals().requests(), 0u);
    expect_ended("aborted");
}

TEST_F(Connection, AbortedByTheServer) {
    serve([](int fd) { read_head(fd), close(fd); }, [](Client& client) { client.send(kGet), client.receive_all(); });
    EXPECT_EQ(totals().aborted.server, 1u);
    expect_ended("aborted");
}

TEST_F(Connection, IncompleteByTheClient) {
    serve(
        [](int fd) {
            read_head(fd);
            send_bytes(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            for (int i = 0; i < 1000; i++) send_bytes(fd, std::string(100'000, 'b')); // until ECONNRESET
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            client.receive(1000);
            client.reset();
        });
    EXPECT_EQ(totals().responses, (Counts{{200, 1}}));
    EXPECT_EQ(totals().incomplete.client, 1u);
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_TRUE(responses[0].incomplete);
    expect_ended("http");
}

TEST_F(Connection, WorkerDiesInARequest) {
    const auto worker = fork_worker([&](const Steps& steps) {
        const int answered = accept_on(listener_.fd());
        read_head(answered);
        send_bytes(answered, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        read_head(accept_on(listener_.fd()));
        steps.done();
        return pause();
    });
    Client first(listener_);
    Client second(listener_);
    first.send(kGet);
    second.send(kGet);
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    worker->kill(SIGKILL);
    ASSERT_EQ(worker->join(), SIGKILL);
    EXPECT_EQ(entries("connections"), 2u);
    probe_->end_connections({{worker_slot_, {}}});
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(totals().aborted.worker_exit, 1u);
    EXPECT_EQ(totals().incomplete.worker_exit, 1u);
    EXPECT_EQ(totals().connections.at("aborted"), 1u);
    EXPECT_EQ(totals().connections.at("http"), 1u);
}

TEST_F(Connection, EveryStatusAndBucketHasItsPlace) {
    serve(
        [](int fd) {
            for (const int status : {200, 201, 204, 302, 404, 500, 503, 999}) {
                read_head(fd);
                if (status == 503) usleep(30'000);
                send_bytes(fd, "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
            }
            close(fd);
        },
        [](Client& client) {
            for (int i = 0; i < 8; i++) {
                client.send(kGet);
                client.receive(37);
            }
        });
    const auto counts = totals();
    EXPECT_EQ(counts.responses,
              (Counts{{200, 1}, {201, 1}, {204, 1}, {302, 1}, {404, 1}, {500, 1}, {503, 1}, {999, 1}}));
    EXPECT_EQ(counts.requests(), 8u);
    std::uint64_t slow = 0; // over 25 ms
    for (std::size_t bucket = 3; bucket < counts.duration.buckets.size(); bucket++)
        slow += counts.duration.buckets[bucket];
    EXPECT_GE(slow, 1u);
    EXPECT_GE(counts.duration.sum, 30ms);
}

TEST_F(Connection, OnlyFailedResponsesLeaveARecordUnlessAsked) {
    options_.every_response = false;
    probe_.reset();
    SetUp();
    serve(
        [](int fd) {
            answer(fd);
            read_head(fd);
            send_bytes(fd, kNotFound);
            close(fd);
        },
        [](Client& client) {
            ask(client);
            client.send(kGet);
            client.receive_all();
        });
    EXPECT_EQ(totals().responses, (Counts{{200, 1}, {404, 1}}));
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].status, 404);
}

} // namespace
} // namespace kernel_test

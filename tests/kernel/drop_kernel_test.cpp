// SPDX-License-Identifier: BSD-2-Clause
// Limits: what finds no room, or is not understood, is counted by its reason, and nothing wrong is counted.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

class Limited : public ProbeFixture {
protected:
    explicit Limited(probe::Options options) : ProbeFixture(options) {}
    void expect_lost(contract::drop_reason reason, std::uint64_t count) {
        EXPECT_EQ(lost(reason), count);
        EXPECT_EQ(lost(), count);
    }
};

probe::Options with(auto&& change) {
    auto options = small_options();
    change(options);
    return options;
}

class OneConnection : public Limited {
protected:
    OneConnection() : Limited(with([](auto& options) { options.max_connections = 1; })) {}
};

TEST_F(OneConnection, TheSecondIsNotTracked) {
    const auto worker = fork_worker([&](const Steps&) {
        const int first = accept_on(listener_.fd());
        const int second = accept_on(listener_.fd());
        for (const int fd : {second, first}) {
            read_head(fd);
            send_bytes(fd, kOk);
            close(fd);
        }
        return 0;
    });
    Client first(listener_);
    Client second(listener_);
    first.send(kGet);
    second.send(kGet);
    worker->go();
    EXPECT_EQ(first.receive_all(), kOk);
    EXPECT_EQ(second.receive_all(), kOk);
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().requests(), 1u);
    expect_lost(contract::DROP_CONNECTIONS_FULL, 1);
}

class OneProcess : public Limited {
protected:
    OneProcess() : Limited(with([](auto& options) { options.max_processes = 1; })) {}
};

TEST_F(OneProcess, ForksAreNotObserved) {
    ChildProcess child([](const Steps&) { return 0; });
    child.go();
    ASSERT_EQ(child.join(), 0);
    EXPECT_TRUE(take<event::Forked>().empty());
    EXPECT_TRUE(take<event::Exited>().empty());
    expect_lost(contract::DROP_SLOTS_FULL, 1);
    EXPECT_EQ(probe_->observe_worker(child.pid(), master_slot_), 0u);
    expect_lost(contract::DROP_SLOTS_FULL, 2);
    probe_->release(master_slot_, getpid());
    EXPECT_GT(probe_->observe_master(getpid()), 0u) << "there is room again";
}

class SmallRing : public Limited {
protected:
    SmallRing() : Limited(with([](auto& options) { options.ring_bytes = 4096; })) {}
};

TEST_F(SmallRing, RecordsAreLostCountsAreNot) {
    constexpr int kRequests = 50;
    serve(
        [](int fd) {
            for (int i = 0; i < kRequests; i++) {
                read_head(fd);
                send_bytes(fd, kNotFound);
            }
        },
        [](Client& client) {
            for (int i = 0; i < kRequests; i++) {
                client.send(kGet);
                client.receive(std::string_view(kNotFound).size());
            }
        });
    EXPECT_EQ(totals().responses, (std::map<int, std::uint64_t>{{404, kRequests}}));
    const auto responses = take<event::Responded>();
    const auto exits = take<event::Exited>();
    EXPECT_GT(responses.size(), 3u);
    EXPECT_LT(responses.size(), 10u);
    // Each record that is missing was counted.
    expect_lost(contract::DROP_RING_FULL, kRequests - responses.size() + (1 - exits.size()));
}

class SmallPidRange : public Limited {
protected:
    SmallPidRange() : Limited(with([](auto& options) { options.pid_max = 1; })) {}
    void SetUp() override {
        auto loaded = probe::Probe::load(options_);
        ASSERT_TRUE(loaded) << loaded.error().text;
        probe_ = std::move(*loaded);
    }
};

TEST_F(SmallPidRange, PidsBeyondItAreNotObserved) {
    // One page of the index holds 2,048 pids; those of a machine that runs for a while are larger.
    if (getpid() < 2048) GTEST_SKIP() << "the pid of this process is small";
    EXPECT_EQ(probe_->observe_master(getpid()), 0u);
    EXPECT_EQ(entries("processes"), 0u);
    expect_lost(contract::DROP_PID_RANGE, 1);
}

class Unlimited : public Limited {
protected:
    Unlimited() : Limited(small_options()) {}
};

TEST_F(Unlimited, AnUnsupportedCallEndsTheLook) {
    serve(
        [](int fd) {
            read_head(fd);
            std::string bytes = kOk;
            iovec part{bytes.data(), bytes.size()};
            mmsghdr message{};
            message.msg_hdr.msg_iov = &part;
            message.msg_hdr.msg_iovlen = 1;
            sendmmsg(fd, &message, 1, 0);
            send_bytes(fd, kOk);
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            client.receive_all();
        });
    EXPECT_EQ(totals().requests(), 0u);
    EXPECT_EQ(totals().aborted.server, 0u);
    EXPECT_EQ(totals().connections.at("opaque"), 1u);
    EXPECT_EQ(entries("connections"), 0u);
    expect_lost(contract::DROP_SYSCALL, 1);
}

TEST_F(Unlimited, TenThousandChunksInOneCallAreWalked) {
    serve(
        [](int fd) {
            read_head(fd);
            std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 10'000; i++) bytes += "1\r\nx\r\n";
            send_bytes(fd, bytes + "0\r\n\r\n");
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            client.receive_all();
        });
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(totals().aborted.server, 0u);
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(lost(), 0u);
}

// The response is counted all the same: it ends with its connection.
TEST_F(Unlimited, MoreChunksInOneCallThanAreWalked) {
    serve(
        [](int fd) {
            read_head(fd);
            std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 60'000; i++) bytes += "1\r\nx\r\n";
            send_bytes(fd, bytes + "0\r\n\r\n");
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            client.receive_all();
        });
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(totals().aborted.server, 0u);
    EXPECT_EQ(entries("connections"), 0u);
    expect_lost(contract::DROP_PARSE_BUDGET, 1);
}

TEST_F(Unlimited, TwoHundredChunksInOneCallAreWalked) {
    serve(
        [](int fd) {
            read_head(fd);
            std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 200; i++) bytes += "40\r\n" + std::string(64, 'x') + "\r\n";
            send_bytes(fd, bytes + "0\r\n\r\n");
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            client.receive_all();
        });
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(lost(), 0u);
}

} // namespace
} // namespace kernel_test

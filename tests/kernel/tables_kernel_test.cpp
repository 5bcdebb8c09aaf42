// SPDX-License-Identifier: BSD-2-Clause
// Tables: what is gone leaves them, and what one process does takes no room from another.
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

class Tables : public ProbeFixture {
protected:
    explicit Tables(probe::Options options = small_options()) : ProbeFixture(options) {}

    std::uint64_t waits(const event::Histogram& histogram) const {
        return std::accumulate(histogram.buckets.begin(), histogram.buckets.end(), std::uint64_t{0});
    }
    // A worker that accepts `connections` on the listener and keeps them until it is told to go on.
    std::unique_ptr<ChildProcess> fork_acceptor(const Listener& listener, int connections) {
        return fork_worker([&listener, connections](const Steps& steps) {
            for (int i = 0; i < connections; i++) accept_on(listener.fd());
            steps.done();
            steps.wait();
            return 0;
        });
    }
};

TEST_F(Tables, AListenerThatIsClosedMakesRoomForTheNext) {
    const auto before = entries("listeners");
    for (int i = 0; i < 2000; i++) {
        const Listener one;
    }
    EXPECT_LE(entries("listeners"), before + 1) << "the last is found to be closed at the next listen()";
    EXPECT_EQ(lost(), 0u);
}

TEST_F(Tables, MoreListenersThanAreKeptOfAProcessAreCounted) {
    std::vector<std::unique_ptr<Listener>> open;
    for (std::uint32_t i = 0; i < contract::LISTENERS_PER_SLOT + 3; i++) open.push_back(std::make_unique<Listener>());
    EXPECT_EQ(lost(contract::DROP_LISTENERS_FULL), 3u);
    open.clear();
    const Listener later;
    EXPECT_EQ(lost(contract::DROP_LISTENERS_FULL), 3u) << "there is room again";
}

TEST_F(Tables, ListenersThatUserSpaceFindsAreBoundedToo) {
    for (std::uint64_t inode = 1; inode < contract::LISTENERS_PER_SLOT; inode++)
        EXPECT_TRUE(probe_->add_listener(inode, master_slot_)) << "one is the fixture's";
    EXPECT_FALSE(probe_->add_listener(1000, master_slot_));
    EXPECT_TRUE(probe_->add_listener(listener_.inode(), master_slot_)) << "it is known";
    EXPECT_EQ(lost(contract::DROP_LISTENERS_FULL), 1u);
}

TEST_F(Tables, WhatAcceptsItselfIsNoMaster) {
    Client client(listener_);
    close(accept_on(listener_.fd()));
    EXPECT_EQ(entries("connections"), 0u);
}

class FewConnections : public Tables {
protected:
    FewConnections() : Tables(options()) {}
    static probe::Options options() {
        auto options = small_options();
        options.max_connections = 2;
        return options;
    }
};

TEST_F(FewConnections, OneMasterLeavesRoomForAnother) {
    const auto worker = fork_acceptor(listener_, 5);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 5; i++) clients.push_back(std::make_unique<Client>(listener_));
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_EQ(entries("connections"), 2u);
    EXPECT_EQ(lost(contract::DROP_CONNECTIONS_FULL), 3u);

    ChildProcess other_master([](const Steps&) { return 0; });
    const auto other_slot = probe_->observe_master(other_master.pid());
    const Listener other;
    ASSERT_TRUE(probe_->add_listener(other.inode(), other_slot));
    const auto other_worker = fork_acceptor(other, 1);
    EXPECT_EQ(probe_->observe_worker(other_worker->pid(), other_slot), worker_slot_);
    Client client(other);
    other_worker->go();
    ASSERT_TRUE(other_worker->wait_until_done());
    EXPECT_EQ(entries("connections"), 3u);
    EXPECT_EQ(lost(contract::DROP_CONNECTIONS_FULL), 3u);
    other_worker->go();
    worker->go();
}

TEST_F(FewConnections, RoomIsGivenBack) {
    for (int i = 0; i < 5; i++) {
        const auto worker = fork_acceptor(listener_, 2);
        Client first(listener_);
        Client second(listener_);
        worker->go();
        ASSERT_TRUE(worker->wait_until_done());
        worker->kill(SIGKILL);
        ASSERT_EQ(worker->join(), SIGKILL);
        probe_->release(worker_slot_, worker->pid());
    }
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(lost(), 0u);
}

TEST_F(FewConnections, AnAdoptionWithoutRoomIsCounted) {
    const auto worker = fork_worker([](const Steps&) { return 0; });
    for (int fd = 3; fd < 6; fd++) probe_->adopt_connection(worker_slot_, fd, static_cast<std::uint64_t>(fd));
    EXPECT_EQ(entries("connections"), 2u);
    EXPECT_EQ(lost(contract::DROP_CONNECTIONS_FULL), 1u);
    probe_->adopt_connection(worker_slot_, 3, 3);
    EXPECT_EQ(lost(contract::DROP_CONNECTIONS_FULL), 1u) << "it is there already";
}

TEST_F(Tables, ATcpWaitBeginsWithTheConnection) {
    const auto worker = fork_acceptor(listener_, 1);
    const Client client(listener_);
    client.send(kGet);
    usleep(100'000);
    client.finish_sending(); // a later packet
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    const auto seen = totals().accept_waits;
    EXPECT_EQ(waits(seen), 1u);
    EXPECT_GE(seen.sum, std::chrono::milliseconds(100));
    EXPECT_LT(seen.sum, std::chrono::milliseconds(400));
    worker->go();
}

TEST_F(Tables, UnixClientsOfStrangersLeaveNothing) {
    // A listener of a process that is not observed: this one's is not, as its slot is given back.
    probe_->release(master_slot_, getpid());
    const Listener strangers(Listener::Family::unix_stream);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; i++) clients.push_back(std::make_unique<Client>(strangers));
    EXPECT_EQ(entries("arrivals"), 0u);
    EXPECT_EQ(lost(), 0u);
}

TEST_F(Tables, UnixClientsOfAMasterWaitUntilTheyAreAccepted) {
    const Listener local(Listener::Family::unix_stream);
    const auto worker = fork_acceptor(local, 1);
    const Client accepted(local);
    const Client waiting(local);
    usleep(50'000);
    EXPECT_EQ(entries("arrivals"), 2u);
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_EQ(entries("arrivals"), 1u);
    const auto seen = totals().accept_waits;
    EXPECT_EQ(waits(seen), 1u);
    EXPECT_GE(seen.sum, std::chrono::milliseconds(50));
    worker->go();
    ASSERT_EQ(worker->join(), 0);
    probe_->release(master_slot_, getpid());
    EXPECT_EQ(entries("arrivals"), 0u);
}

TEST_F(Tables, AMessageThatCannotBeReadHasAReasonOfItsOwn) {
    serve(
        [](int fd) {
            read_head(fd);
            auto* page =
                static_cast<msghdr*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
            *page = msghdr{};
            // Another thread takes it away while the call waits for room in the socket.
            int small = 1;
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
            std::string large(1 << 20, 'x');
            iovec much{.iov_base = large.data(), .iov_len = large.size()};
            page->msg_iov = &much;
            page->msg_iovlen = 1;
            std::thread taker([page] {
                usleep(50'000);
                munmap(page, 4096);
            });
            sendmsg(fd, page, MSG_NOSIGNAL);
            taker.join();
            shutdown(fd, SHUT_RDWR);
        },
        [](Client& client) {
            client.send(kGet);
            usleep(150'000);
            client.receive_all();
        });
    EXPECT_EQ(lost(contract::DROP_MESSAGE), 1u);
    EXPECT_EQ(lost(contract::DROP_FRAMING), 0u);
}

// A worker is killed while it counts; its slot is somebody else's at once.
TEST_F(Tables, AReleaseUnderLoadLeavesNothingBehind) {
    for (int i = 0; i < 30; i++) {
        const auto worker = fork_worker([&](const Steps& steps) {
            steps.done();
            for (;;) {
                const int fd = accept_on(listener_.fd());
                read_head(fd);
                send_bytes(fd, kNotFound);
                close(fd);
            }
            return 0;
        });
        std::atomic<bool> is_over = false;
        worker->go();
        ASSERT_TRUE(worker->wait_until_done());
        std::thread load([&] {
            while (!is_over) {
                Client client(listener_);
                client.send(kGet);
                client.finish_sending();
                usleep(100);
            }
        });
        usleep(static_cast<useconds_t>(3000 + 777 * i));
        probe_->release(worker_slot_, worker->pid()); // it still runs
        const auto left = probe_->totals(worker_slot_);
        usleep(2000);
        const auto later = probe_->totals(worker_slot_);
        worker->kill(SIGKILL);
        is_over = true;
        load.join();
        EXPECT_EQ(worker->join(), SIGKILL);
        ASSERT_TRUE(left && later) << "torn";
        EXPECT_EQ(left->requests(), 0u);
        EXPECT_EQ(later->requests(), 0u);
        EXPECT_EQ(later->activity.open_connections, 0u);
        take<event::Responded>();
    }
    EXPECT_EQ(probe_->events_lost().at("totals_torn"), 0u);
}

} // namespace
} // namespace kernel_test

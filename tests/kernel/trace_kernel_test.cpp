// SPDX-License-Identifier: BSD-2-Clause
// Where a request's time went: the hooks of the scheduler and of system calls, at threads that really wait.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

constexpr auto kWait = 60ms;
constexpr timespec kWaitTime{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(kWait).count()};

probe::Options traced(std::uint32_t threads = 64) {
    auto options = small_options();
    options.trace = true;
    options.max_threads = threads;
    return options;
}

void sleep_for_a_while() {
    auto left = kWaitTime;
    while (nanosleep(&left, &left) != 0) continue;
}

// The thread's own clock: what others have of the processor meanwhile does not count.
void burn() {
    timespec time{};
    do {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    } while (std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec) < kWait);
}

struct Wait {
    const char* name;
    std::function<void()> wait;
    std::chrono::nanoseconds event::Parts::* part;
    std::string peer; // empty: none
};

void PrintTo(const Wait& wait, std::ostream* out) { *out << wait.name; }

// Descriptors whose other end speaks after a while.
struct Late {
    explicit Late(int family_or_pipe) {
        if (family_or_pipe == 0) {
            if (pipe(ends) != 0) abort();
        } else if (socketpair(family_or_pipe, SOCK_STREAM, 0, ends) != 0) {
            abort();
        }
        child = fork();
        if (child != 0) return;
        sleep_for_a_while();
        if (write(ends[1], "x", 1) != 1) abort();
        _exit(0);
    }
    ~Late() {
        waitpid(child, nullptr, 0);
        close(ends[0]);
        close(ends[1]);
    }
    int ends[2];
    pid_t child;
};

const Wait kWaits[] = {
    {"nanosleep", sleep_for_a_while, &event::Parts::sleeping, ""},
    {"poll_of_nothing", [] { poll(nullptr, 0, kWait.count()); }, &event::Parts::sleeping, ""},
    {"processor", burn, &event::Parts::on_cpu, ""},
    {"futex",
     [] {
         int word = 0;
         syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &kWaitTime);
     },
     &event::Parts::lock, ""},
    {"unix_socket",
     [] {
         const Late late(AF_UNIX);
         char byte = 0;
         EXPECT_EQ(recv(late.ends[0], &byte, 1, 0), 1);
     },
     &event::Parts::sockets, "unix"},
    {"poll_of_one_socket",
     [] {
         const Late late(AF_UNIX);
         pollfd one{.fd = late.ends[0], .events = POLLIN, .revents = 0};
         EXPECT_EQ(poll(&one, 1, -1), 1);
     },
     &event::Parts::sockets, "unix"},
    {"poll_of_two_sockets",
     [] {
         const Late late(AF_UNIX);
         const Late other(AF_UNIX);
         pollfd two[2] = {{.fd = late.ends[0], .events = POLLIN, .revents = 0},
                          {.fd = other.ends[0], .events = POLLIN, .revents = 0}};
         EXPECT_GE(poll(two, 2, -1), 1);
     },
     &event::Parts::sockets, "poll"},
    {"pipe",
     [] {
         const Late late(0);
         char byte = 0;
         EXPECT_EQ(read(late.ends[0], &byte, 1), 1);
     },
     &event::Parts::other, ""},
    {"poll_of_pipes_and_then_of_a_process",
     [] {
         const Late late(0);
         pollfd pipes[3] = {{.fd = -1, .events = POLLIN, .revents = 0},
                            {.fd = late.ends[0], .events = POLLIN, .revents = 0},
                            {.fd = late.ends[0], .events = POLLIN, .revents = 0}};
         EXPECT_EQ(poll(pipes, 3, -1), 2);
         const Late other(0);
         pollfd process{
             .fd = static_cast<int>(syscall(SYS_pidfd_open, other.child, 0)), .events = POLLIN, .revents = 0};
         EXPECT_EQ(poll(&process, 1, -1), 1);
         close(process.fd);
     },
     &event::Parts::other, ""},
    {"futex_in_a_process_that_is_stopped",
     [] {
         int word = 0;
         const pid_t stopper = fork();
         if (stopper == 0) {
             usleep(5'000);
             kill(getppid(), SIGSTOP);
             usleep(2'000);
             kill(getppid(), SIGCONT);
             _exit(0);
         }
         syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &kWaitTime);
         waitpid(stopper, nullptr, 0);
     },
     &event::Parts::lock, ""},
    {"child",
     [] {
         const pid_t child = fork();
         if (child == 0) {
             sleep_for_a_while();
             _exit(0);
         }
         waitpid(child, nullptr, 0);
     },
     &event::Parts::other, ""},
};

class Tracing : public ProbeFixture {
protected:
    Tracing() : ProbeFixture(traced()) {}

    // One request, which takes what `work` takes.
    event::Traced served(const std::function<void()>& work) {
        serve(
            [&](int fd) {
                read_head(fd);
                work();
                send_bytes(fd, kOk);
            },
            [](Client& client) {
                client.send(kGet);
                EXPECT_EQ(client.receive_all(), kOk);
            });
        const auto all = take<event::Traced>();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? event::Traced{} : all.front();
    }
};

class WaitIn : public Tracing, public testing::WithParamInterface<Wait> {};

TEST_P(WaitIn, IsThatPart) {
    const auto request = served(GetParam().wait);
    ASSERT_TRUE(request.time.parts);
    const auto& parts = *request.time.parts;
    EXPECT_EQ(parts.total(), request.request.duration);
    // What woke up and waited for a processor, or had to fork first, is in other parts.
    const auto part = parts.*GetParam().part;
    EXPECT_GE(part, kWait - 10ms);
    EXPECT_LE(part, request.request.duration - parts.run_queue);
    EXPECT_GE(part + parts.run_queue + parts.on_cpu, request.request.duration - 5ms);
    if (GetParam().peer.empty()) {
        EXPECT_TRUE(request.time.peers.empty());
    } else {
        ASSERT_EQ(request.time.peers.size(), 1u);
        EXPECT_EQ(request.time.peers[0].peer, GetParam().peer);
        EXPECT_EQ(request.time.peers[0].waited, parts.sockets);
    }
    EXPECT_EQ(lost(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Calls, WaitIn, testing::ValuesIn(kWaits), [](const auto& wait) { return wait.param.name; });

TEST_F(Tracing, APeerIsNamedByItsAddress) {
    const Listener database;
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ASSERT_EQ(getsockname(database.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto request = served([&] {
        const int fd = database.connect();
        const timeval timeout{.tv_sec = 0, .tv_usec = std::chrono::microseconds(kWait).count()};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        char byte = 0;
        EXPECT_EQ(recv(fd, &byte, 1, 0), -1); // nobody answers
        close(fd);
    });
    ASSERT_EQ(request.time.peers.size(), 1u);
    EXPECT_EQ(request.time.peers[0].peer, "127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    EXPECT_GE(request.time.peers[0].waited, kWait - 10ms);
}

TEST_F(Tracing, AProcessorThatAnotherHasIsTheRunQueue) {
    const auto request = served([] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(0, &one);
        sched_setaffinity(0, sizeof one, &one);
        const pid_t hog = fork(); // on the same processor
        if (hog == 0) {
            for (;;) continue;
        }
        burn();
        kill(hog, SIGKILL);
        waitpid(hog, nullptr, 0);
    });
    ASSERT_TRUE(request.time.parts);
    EXPECT_EQ(request.time.parts->total(), request.request.duration);
    // A fair scheduler gives each of them half.
    EXPECT_GE(request.time.parts->run_queue, 20ms);
    EXPECT_GE(request.time.parts->on_cpu, kWait - 10ms);
}

TEST_F(Tracing, ASlowClientIsReadingAndWriting) {
    serve(
        [](int fd) {
            read_head(fd);
            std::string large(8 << 20, 'x');
            send_bytes(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n");
            send_bytes(fd, large);
        },
        [](Client& client) {
            client.send("GET /a HTTP/1.1\r\n");
            std::this_thread::sleep_for(kWait);
            client.send("Host: x\r\n\r\n");
            std::this_thread::sleep_for(kWait);
            client.receive_all();
        });
    const auto all = take<event::Traced>();
    ASSERT_EQ(all.size(), 1u);
    ASSERT_TRUE(all[0].time.parts);
    EXPECT_EQ(all[0].time.parts->total(), all[0].request.duration);
    EXPECT_GE(all[0].time.parts->reading, kWait - 10ms);
    EXPECT_GE(all[0].time.parts->writing, kWait - 20ms);
    EXPECT_EQ(all[0].time.parts->sockets, 0ns) << "the client is none of the peers";
}

TEST_F(Tracing, WhatIsInFlightIsListedAndItsThreadNamed) {
    const auto begun = now();
    const auto worker = fork_worker([&](const Steps& steps) {
        const int fd = accept_on(listener_.fd());
        read_head(fd);
        steps.done();
        steps.wait();
        send_bytes(fd, kOk);
        close(fd);
        return 0;
    });
    Client client(listener_);
    client.send(kGet);
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());
    const auto found = probe_->in_flight();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].slot, worker_slot_);
    EXPECT_EQ(found[0].thread, static_cast<std::uint32_t>(worker->pid()));
    EXPECT_GE(found[0].since, begun);
    EXPECT_LE(found[0].since, now());
    worker->go();
    EXPECT_EQ(worker->join(), 0);
    EXPECT_TRUE(probe_->in_flight().empty());
    EXPECT_EQ(entries("traced"), 0u);
}

TEST_F(Tracing, AThreadsClockGoesWithIt) {
    served([] { std::thread([] { sleep_for_a_while(); }).join(); });
    EXPECT_LE(entries("clocks"), 1u) << "the master's alone";
}

TEST_F(Tracing, AWorkerThatEndsInTheMiddleHasSpentItsTimeToo) {
    const auto worker = fork_worker([&](const Steps&) {
        read_head(accept_on(listener_.fd()));
        sleep_for_a_while();
        return 3;
    });
    Client client(listener_);
    client.send(kGet);
    worker->go();
    EXPECT_EQ(WEXITSTATUS(worker->join()), 3);
    const auto exited = take_one<event::Exited>(worker->pid());
    ASSERT_TRUE(exited);
    probe_->end_connections({{worker_slot_, exited->at}});
    const auto all = take<event::Traced>();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].by, event::Aborted::By::worker_exit);
    ASSERT_TRUE(all[0].time.parts);
    EXPECT_EQ(all[0].time.parts->total(), all[0].request.duration);
    EXPECT_GE(all[0].time.parts->sleeping, kWait - 10ms);
}

// Room for one thread, which the master takes.
class TracingOne : public ProbeFixture {
protected:
    TracingOne() : ProbeFixture(traced(1)) {}
};

TEST_F(TracingOne, AThreadWithoutRoomHasNoPartsAndIsCounted) {
    std::this_thread::sleep_for(1ms); // switched in
    serve(
        [](int fd) {
            read_head(fd);
            send_bytes(fd, kOk);
        },
        [](Client& client) {
            client.send(kGet);
            EXPECT_EQ(client.receive_all(), kOk);
        });
    const auto all = take<event::Traced>();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_FALSE(all[0].time.parts);
    EXPECT_GT(all[0].request.duration, 0ns);
    EXPECT_GT(lost(contract::DROP_THREADS_FULL), 0u);
    EXPECT_EQ(totals().requests(), 1u) << "it is counted all the same";
}

} // namespace
} // namespace kernel_test

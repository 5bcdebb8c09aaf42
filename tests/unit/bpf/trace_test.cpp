// SPDX-License-Identifier: BSD-2-Clause
// Where a traced request's time went: what the scheduler's hooks make of a thread's switches.
#include "traced_worker.h"

namespace bpf_test {
namespace {

constexpr std::string_view kUntilClose = "HTTP/1.0 200 OK\r\n\r\nhi";
constexpr std::uint32_t kUninterruptible = 2;
constexpr std::uint32_t kStopped = 4;
constexpr int kNoFile = 50;

TEST_F(Trace, EachPartIsWhatTheThreadDid) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(30ms);
    block(__NR_clock_nanosleep, 0, 20ms, 5ms);
    block(__NR_futex, 0, 7ms, 1ms);
    worker.send(fd, kOk);
    const auto& record = only();
    EXPECT_EQ(spent(record, contract::TIME_ON_CPU), 30ms);
    EXPECT_EQ(spent(record, contract::TIME_SLEEP), 20ms);
    EXPECT_EQ(spent(record, contract::TIME_LOCK), 7ms);
    EXPECT_EQ(spent(record, contract::TIME_RUN_QUEUE), 6ms);
    EXPECT_EQ(record.response.header.kind, contract::RECORD_TRACED);
}

TEST_F(Trace, WhatCollectingGarbageTakesOfAProcessorIsTold) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(10ms);
    kernel_collect(1);
    worker.pass(3ms);
    kernel_switch_out(0, 1);
    worker.pass(100ms);
    kernel_switch_in();
    worker.pass(4ms);
    kernel_collect(0);
    worker.pass(2ms);
    worker.send(fd, kOk);
    EXPECT_EQ(std::chrono::nanoseconds(only().time.gc_ns), 7ms);
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 19ms);
    EXPECT_EQ(spent(only(), contract::TIME_RUN_QUEUE), 100ms);
}

TEST_F(Trace, CollectionsOfOtherTimesAreNotOfTheRequest) {
    const int fd = worker.accept();
    worker.receive(fd, "GET /a HTTP/1.1\r\n\r\n");
    worker.send(fd, kOk);
    kernel_collect(1);
    worker.pass(3ms);
    kernel_collect(0);
    worker.receive(fd, kGet);
    kernel_collect(0); // whose beginning was missed
    worker.pass(3ms);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.traced().at(1).time.gc_ns, 0u);
}

TEST_F(Trace, WhatCameBeforeAndComesAfterIsNotOfTheRequest) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    block(__NR_clock_nanosleep, 0, 1s);
    worker.receive(fd, kGet);
    worker.pass(3ms);
    worker.send(fd, kOk);
    worker.pass(1s);
    ASSERT_EQ(worker.traced().size(), 2u);
    check_sum(worker.traced()[1]);
    EXPECT_EQ(spent(worker.traced()[1], contract::TIME_ON_CPU), 3ms);
    EXPECT_EQ(spent(worker.traced()[1], contract::TIME_SLEEP), 0ms);
}

TEST_F(Trace, WhoIsPreemptedWaitsForAProcessorWhateverItsState) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    kernel_switch_out(kInterruptible, 1);
    worker.pass(4ms);
    kernel_wake_up(); // is awake
    worker.pass(4ms);
    kernel_switch_in();
    kernel_switch_out(0, 0);
    worker.pass(2ms);
    kernel_switch_in();
    kernel_wake_up(); // is running
    worker.pass(1ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_RUN_QUEUE), 10ms);
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 1ms);
}

TEST_F(Trace, TheClientIsReadFromAndWrittenTo) {
    const int fd = worker.accept();
    worker.receive(fd, "GET /a HT");
    block(__NR_recvfrom, static_cast<std::uint64_t>(fd), 8ms);
    worker.receive(fd, "TP/1.1\r\n\r\n");
    block(__NR_sendto, static_cast<std::uint64_t>(fd), 9ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_READING), 8ms);
    EXPECT_EQ(spent(only(), contract::TIME_WRITING), 9ms);
}

TEST_F(Trace, UninterruptibleIsTheDiskButForChildren) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    block(__NR_futex, 0, 3ms, 0ns, kUninterruptible);
    block(__NR_fsync, kNoFile, 4ms);
    block(__NR_clone, 0, 5ms, 0ns, kUninterruptible);
    block(__NR_nanosleep, 0, 6ms, 0ns, kStopped);
    block(__NR_read, kNoFile, 7ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_DISK), 7ms);
    EXPECT_EQ(spent(only(), contract::TIME_OTHER), 18ms);
}

TEST_F(Trace, SelectAndPollOnNothingAreSleep) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    block(__NR_select, 0, 3ms);
    block(__NR_poll, 0, 4ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_SLEEP), 7ms);
}

TEST_F(Trace, PollAndSelectOnOneDescriptorWaitForIt) {
    struct {
        int fd;
        short events;
        short returned;
    } polled[2] = {{0, 4, 0}, {1, 1, 0}}; // POLLOUT, POLLIN
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    polled[0].fd = fd;
    std::uint64_t set[2] = {1ull << fd, 0};
    const auto wait = [&](std::uint64_t number, std::uint64_t first, std::uint64_t second) {
        const std::uint64_t arguments[3] = {first, second, 0};
        kernel_enter_call(number, arguments);
        kernel_switch_out(kInterruptible, 0);
        worker.pass(5ms);
        kernel_wake_up();
        kernel_switch_in();
    };
    wait(__NR_poll, reinterpret_cast<std::uint64_t>(polled), 1);
    wait(__NR_select, static_cast<std::uint64_t>(fd) + 1, reinterpret_cast<std::uint64_t>(set));
    wait(__NR_poll, reinterpret_cast<std::uint64_t>(polled), 2);
    set[1] = 1;
    wait(__NR_select, 65, reinterpret_cast<std::uint64_t>(set));
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_WRITING), 5ms);
    EXPECT_EQ(spent(only(), contract::TIME_READING), 5ms);
    EXPECT_EQ(spent(only(), contract::TIME_OTHER), 5ms) << "poll() on several, none of which is a socket here";
    EXPECT_EQ(spent(only(), contract::TIME_SOCKET), 5ms) << "select() on several";
    EXPECT_EQ(only().time.peers[0].waited_ns, 5'000'000u);
    EXPECT_EQ(only().time.peers[0].family, contract::PEER_IS_POLL);
}

TEST_F(Trace, AResponseWithoutFramingEndsWithItsLastWrite) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(2ms);
    worker.send(fd, kUntilClose);
    block(__NR_clock_nanosleep, 0, 20ms);
    worker.send(fd, "more");
    block(__NR_clock_nanosleep, 0, 1s);
    worker.close(fd);
    EXPECT_EQ(spent(only(), contract::TIME_SLEEP), 20ms);
}

TEST_F(Trace, RequestsInOneThreadAtOnceAreInterleaved) {
    const int first = worker.accept();
    const int second = worker.accept();
    worker.receive(first, kGet);
    worker.pass(1ms);
    worker.receive(second, kGet);
    worker.pass(1ms);
    worker.send(second, kOk);
    worker.send(first, kOk);
    worker.receive(first, kGet);
    worker.send(first, kOk);
    ASSERT_EQ(worker.traced().size(), 3u);
    for (const auto& record : worker.traced()) check_sum(record);
    EXPECT_TRUE(worker.traced()[0].time.flags & contract::BREAKDOWN_INTERLEAVED);
    EXPECT_TRUE(worker.traced()[1].time.flags & contract::BREAKDOWN_INTERLEAVED);
    EXPECT_FALSE(worker.traced()[2].time.flags & contract::BREAKDOWN_INTERLEAVED);
}

TEST_F(Trace, APipelinedRequestBeginsWhenTheOneBeforeHasEnded) {
    const int fd = worker.accept();
    worker.receive(fd, std::string(kGet) + std::string(kGet));
    worker.pass(5ms);
    worker.send(fd, kOk);
    worker.pass(3ms);
    worker.send(fd, kOk);
    ASSERT_EQ(worker.traced().size(), 2u);
    check_sum(worker.traced()[1]);
    EXPECT_EQ(spent(worker.traced()[1], contract::TIME_ON_CPU), 3ms);
}

TEST_F(Trace, AProxyHeaderIsNoRequest) {
    const int fd = worker.accept();
    worker.receive(fd, "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n");
    worker.pass(9ms);
    worker.receive(fd, kGet);
    worker.pass(1ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 1ms);
}

TEST_F(Trace, AWorkerThatEndsLeavesItsRequestAndNothingElse) {
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(6ms);
    kernel_end_thread();
    worker.exit();
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 6ms);
    EXPECT_EQ(only().response.header.kind, contract::RECORD_TRACED_ABORTED);
    EXPECT_EQ(only().response.ended_by, contract::BY_EXIT);
    EXPECT_EQ(kernel_clocks(), 0u);
    EXPECT_EQ(kernel_traced(), 0u);
}

TEST_F(Trace, AThreadThatHasTheIdOfAnotherHasAClockOfItsOwn) {
    const int left = worker.accept();
    worker.receive(left, kGet);
    worker.pass(6ms);
    kernel_end_thread();
    worker.pass(1ms);
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(3ms);
    worker.close(left);
    worker.pass(1ms);
    worker.send(fd, kOk);
    const auto& request = worker.traced().back();
    EXPECT_EQ(request.response.header.kind, contract::RECORD_TRACED);
    check_sum(request);
    EXPECT_EQ(spent(request, contract::TIME_ON_CPU), 4ms);
    EXPECT_FALSE(worker.traced().front().time.flags & contract::BREAKDOWN_KNOWN);
    EXPECT_EQ(kernel_clocks(), 1u);
    kernel_end_thread();
    EXPECT_EQ(kernel_clocks(), 0u);
}

TEST_F(Trace, NothingIsLeftOfConnectionsAndThreads) {
    for (int i = 0; i < 20; i++) {
        const int fd = worker.accept();
        ask(fd);
        worker.receive(fd, i % 2 ? kGet : "\x16\x03\x01 no HTTP at all");
        if (i % 4 == 1) worker.send(fd, kOk);
        worker.close(fd);
    }
    EXPECT_EQ(kernel_traced(), 0u);
    EXPECT_EQ(kernel_clocks(), 1u);
    kernel_end_thread();
    EXPECT_EQ(kernel_clocks(), 0u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(Trace, ALostRecordLeavesTheNextRequestWhole) {
    kernel_reset({.connections = 8, .pipelined = 64, .records = 0, .threads = 8});
    kernel_set_file(3, 7);
    kernel_add_listener(7);
    const int fd = worker.accept();
    worker.receive(fd, kGet);
    worker.pass(5ms);
    worker.send(fd, kOk);
    EXPECT_EQ(worker.drops(contract::DROP_RING_FULL), 1u);
    worker.receive(fd, kGet);
    worker.send(fd, kOk);
    worker.close(fd);
    EXPECT_EQ(kernel_traced(), 0u);
    kernel_end_thread();
    EXPECT_EQ(kernel_clocks(), 0u) << "no request is thought to be in flight";
}

TEST_F(Trace, ItIsOffUnlessAskedFor) {
    Worker plain;
    const int fd = plain.accept();
    plain.receive(fd, kGet);
    plain.send(fd, kOk);
    EXPECT_EQ(plain.summaries(), std::vector<std::string>{"200 GET /a HTTP/1.1"});
    EXPECT_TRUE(plain.traced().empty());
    EXPECT_EQ(kernel_traced(), 0u);
}

} // namespace
} // namespace bpf_test

// SPDX-License-Identifier: BSD-2-Clause
// Where a traced request's time went when the scheduler's hook was not called for a thread that came to its processor.
#include "traced_worker.h"

namespace bpf_test {
namespace {

class UnseenSwitch : public Trace {
protected:
    void SetUp() override {
        fd = worker.accept();
        worker.receive(fd, kGet);
        block(__NR_futex, 0, 5ms, 1ms);
        worker.pass(1ms);
        kernel_switch_out(0, 1);
        worker.pass(2ms);
        kernel_switch_in_unseen();
        worker.pass(7ms);
    }

    void expect_told() {
        EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 8ms);
        EXPECT_EQ(spent(only(), contract::TIME_RUN_QUEUE), 3ms);
    }

    int fd = 0;
};

TEST_F(UnseenSwitch, IsToldWhenItLeavesItsProcessor) {
    kernel_switch_out(0, 1);
    kernel_switch_in();
    worker.send(fd, kOk);
    expect_told();
}

TEST_F(UnseenSwitch, IsToldWhenItCallsTheKernel) {
    block(__NR_clock_nanosleep, 0, 3ms);
    worker.send(fd, kOk);
    expect_told();
    EXPECT_EQ(spent(only(), contract::TIME_SLEEP), 3ms);
}

TEST_F(UnseenSwitch, IsToldByTheLastWrite) {
    worker.send(fd, kOk);
    expect_told();
}

TEST_F(UnseenSwitch, IsToldByTheFirstRead) {
    worker.send(fd, kOk);
    kernel_switch_out(0, 1);
    worker.pass(3ms);
    kernel_switch_in_unseen();
    worker.pass(4ms);
    worker.receive(fd, kGet);
    worker.pass(2ms);
    worker.send(fd, kOk);
    check_sum(worker.traced().at(1));
    EXPECT_EQ(spent(worker.traced().at(1), contract::TIME_ON_CPU), 2ms);
}

TEST_F(UnseenSwitch, IsToldOfCollections) {
    kernel_collect(1);
    worker.pass(3ms);
    kernel_collect(0);
    kernel_switch_out(0, 1);
    kernel_switch_in();
    kernel_collect(1);
    worker.pass(4ms);
    kernel_switch_out(0, 1);
    worker.pass(6ms);
    kernel_switch_in_unseen();
    worker.pass(5ms);
    kernel_collect(0);
    worker.send(fd, kOk);
    EXPECT_EQ(std::chrono::nanoseconds(only().time.gc_ns), 12ms);
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 20ms);
}

TEST_F(UnseenSwitch, BeforeAnySwitchWasSeenItIsOnlyKnownThatTheThreadRuns) {
    kernel_forget_scheduler();
    worker.send(fd, kOk);
    EXPECT_EQ(spent(only(), contract::TIME_ON_CPU), 1ms);
    EXPECT_EQ(spent(only(), contract::TIME_RUN_QUEUE), 10ms);
    worker.receive(fd, kGet);
    worker.pass(2ms);
    worker.send(fd, kOk);
    EXPECT_EQ(spent(worker.traced().at(1), contract::TIME_ON_CPU), 2ms);
}

} // namespace
} // namespace bpf_test

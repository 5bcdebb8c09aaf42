// SPDX-License-Identifier: BSD-2-Clause
// A worker whose requests are traced, and what its thread does.
#pragma once

#include <asm/unistd.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "worker.h"

namespace bpf_test {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::uint32_t kInterruptible = 1; // TASK_*, <linux/sched.h>

class Trace : public testing::Test {
protected:
    // The thread blocks in a call for so long, and then waits for a processor for so long.
    void block(long number, std::uint64_t first, std::chrono::nanoseconds blocked,
               std::chrono::nanoseconds queued = 0ns, std::uint32_t state = kInterruptible) {
        const std::uint64_t arguments[3] = {first, 0, 0};
        kernel_enter_call(static_cast<std::uint64_t>(number), arguments);
        kernel_switch_out(state, 0);
        worker.pass(blocked);
        kernel_wake_up();
        worker.pass(queued);
        kernel_switch_in();
    }

    void ask(int fd) {
        const std::uint64_t arguments[3] = {static_cast<std::uint64_t>(fd), 0, 0};
        kernel_enter_call(__NR_recvfrom, arguments);
    }

    static std::chrono::nanoseconds spent(const contract::record_traced& record, contract::time_state part) {
        return std::chrono::nanoseconds(record.time.spent_ns[part]);
    }

    // The one request so far; its parts add up.
    const contract::record_traced& only() {
        EXPECT_EQ(worker.traced().size(), 1u);
        const auto& record = worker.traced().at(0);
        check_sum(record);
        return record;
    }

    static void check_sum(const contract::record_traced& record) {
        EXPECT_TRUE(record.time.flags & contract::BREAKDOWN_KNOWN);
        EXPECT_EQ(std::accumulate(std::begin(record.time.spent_ns), std::end(record.time.spent_ns), contract::u64{0}),
                  record.response.duration_ns);
    }

    Worker worker{{.connections = 8, .pipelined = 64, .records = 1000, .threads = 8}};
};

} // namespace bpf_test

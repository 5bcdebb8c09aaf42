// SPDX-License-Identifier: BSD-2-Clause
// What user space needs to take something away from programs that are running.
#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "probe/kernel.h"

namespace probe {

void run(const bpf_program* program, std::array<std::uint64_t, 4> arguments) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments.data(), .ctx_size_in = sizeof arguments);
    bpf_prog_test_run_opts(bpf_program__fd(program), &options);
}

// Programs run inside of RCU's read side, and this barrier waits for all of those that have begun
// (kernel/sched/membarrier.c). Where processors run without a tick (nohz_full) the kernel refuses it; a program takes
// microseconds.
void Probe::wait_for_programs() {
    constexpr std::chrono::milliseconds kLongerThanAnyProgram{50};
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) return;
    std::this_thread::sleep_for(kLongerThanAnyProgram);
}

} // namespace probe

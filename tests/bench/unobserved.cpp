// SPDX-License-Identifier: BSD-2-Clause
#include "unobserved.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "cpu_calibration.h"

namespace bench {

namespace {

constexpr int kCalls = 1000; // a round is much shorter than a time slice: few are interrupted

// By number: the C library must not answer by itself.
CallCosts make_round(int null) {
    char byte = 0;
    CallCosts round{};
    round.read_ns = time_each(kCalls, [&] { syscall(SYS_read, null, &byte, 1); });
    round.getppid_ns = time_each(kCalls, [] { syscall(SYS_getppid); });
    return round;
}

} // namespace

Result<CallCosts> time_calls(int rounds) {
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) return fail(fmt::format("open /dev/null: {}", strerror(errno)));

    auto kept = undisturbed_rounds<CallCosts>(static_cast<std::size_t>(rounds), [&] { return make_round(null); });
    close(null);
    return CallCosts{.read_ns = median(kept, &CallCosts::read_ns),
                     .getppid_ns = median(kept, &CallCosts::getppid_ns),
                     .calibration_ns = median(kept, &CallCosts::calibration_ns)};
}

} // namespace bench

// SPDX-License-Identifier: BSD-2-Clause
// The kernel's clocks, and durations in Prometheus's unit. The kernel's records carry CLOCK_MONOTONIC, /proc/<pid>/stat
// counts by CLOCK_BOOTTIME.
#pragma once

#include <time.h>

#include <chrono>

inline std::chrono::nanoseconds clock_time(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

inline std::chrono::nanoseconds monotonic_time() { return clock_time(CLOCK_MONOTONIC); }
inline std::chrono::nanoseconds time_since_boot() { return clock_time(CLOCK_BOOTTIME); }

inline double seconds(std::chrono::duration<double> duration) { return duration.count(); }

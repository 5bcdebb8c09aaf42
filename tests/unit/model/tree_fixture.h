// SPDX-License-Identifier: BSD-2-Clause
// Masters and workers as the process tree lists them.
#pragma once

#include <chrono>
#include <string>

#include "gunicorn/process_tree.h"

inline std::chrono::system_clock::time_point unix_time(double seconds) {
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::duration<double>(seconds)));
}

// A running worker that started `start_ticks` / 100 s after the boot at unix second 1000.
inline gunicorn::Worker worker(pid_t pid, event::Slot slot, std::uint32_t age, std::uint64_t start_ticks) {
    gunicorn::Worker worker;
    worker.pid = pid;
    worker.slot = slot;
    worker.age = age;
    worker.start_ticks = start_ticks;
    worker.start = 1000 + static_cast<std::int64_t>(start_ticks / 100);
    worker.state_since = unix_time(1000 + static_cast<double>(start_ticks) / 100);
    return worker;
}

inline gunicorn::Master master(pid_t pid, std::vector<gunicorn::Worker> workers, std::string app = "shop:app") {
    gunicorn::Master master;
    master.pid = pid;
    master.app = std::move(app);
    master.workers = std::move(workers);
    return master;
}

inline gunicorn::Master successor(pid_t pid, pid_t predecessor, std::vector<gunicorn::Worker> workers) {
    auto successor = master(pid, std::move(workers));
    successor.predecessor = predecessor;
    return successor;
}

// SPDX-License-Identifier: BSD-2-Clause
// What `top` shows of each worker, listener and route: computed from snapshots and nothing else.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "top/distribution.h"
#include "top/window.h"

namespace top {

// Over the wide span. All absent when nothing was answered in it.
struct Durations {
    std::uint64_t count = 0;
    std::optional<double> average; // seconds
    std::optional<Bound> p50, p95, p99;
};
Durations durations_of(const event::Histogram& histogram);

struct WorkerRow {
    std::string id;
    pid_t pid = 0;
    std::string state; // "idle", "busy", "quit", "abort", "ended"; "no room": not observed
    std::optional<double> busy_percent;
    std::optional<std::uint64_t> in_flight;
    std::optional<double> requests_per_second; // over the narrow span, as are the other rates
    std::optional<std::uint64_t> requests;     // since it was first observed
    Durations durations;
    std::optional<double> errors_per_second; // status of 500 or more, and requests without an answer
    std::optional<double> cpu_percent;
    std::optional<std::uint64_t> memory_bytes;
    std::optional<double> uptime_seconds;
};

struct ListenerRow {
    std::string name;
    model::Listener state;
    std::optional<double> dropped_per_second;
};

struct RouteRow {
    std::string method;
    std::string endpoint;
    double requests_per_second = 0; // over the wide span
    double errors_per_second = 0;   // likewise; status of 500 or more
    Durations durations;
};

struct TargetRows {
    pid_t master_pid = 0;
    std::string name; // the application's, else "master <pid>"
    bool alive = true;
    std::map<std::string, std::string> facts;
    std::uint64_t restarts = 0;
    std::optional<double> requests_per_second;
    std::optional<double> errors_per_second;
    std::vector<WorkerRow> workers;
    std::vector<ListenerRow> listeners;
    Durations accept_waits; // of all its listeners together
    Durations read_waits;
    std::vector<RouteRow> routes; // those with requests in the wide span, the slowest on average first
};

std::vector<TargetRows> rows_of(const Window& window);

} // namespace top

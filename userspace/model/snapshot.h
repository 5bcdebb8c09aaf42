// SPDX-License-Identifier: BSD-2-Clause
// Everything that is known at one moment, immutable once built. Families, pages and commands read this and
// nothing else; nothing in here knows BPF or Prometheus.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/probe_report.h"
#include "event/totals.h"
#include "multiprocess/metric.h"

namespace model {

struct FailedKey {
    std::string method;
    std::string endpoint;
    int status; // 400-999
    auto operator<=>(const FailedKey&) const = default;
};

struct ErrorKey {
    std::string method;
    std::string endpoint;
    std::string error_type;
    auto operator<=>(const ErrorKey&) const = default;
};

enum class WorkerState { running, quit, abort };

// The name in metrics, on the live page and in reports.
constexpr std::string_view name_of(WorkerState state) {
    switch (state) {
    case WorkerState::quit:
        return "quit";
    case WorkerState::abort:
        return "abort";
    case WorkerState::running:
        break;
    }
    return "running";
}

// What a living process has taken of the machine. What is absent was not sampled yet, or cannot be read.
struct ProcessUse {
    std::optional<std::uint64_t> memory_bytes; // resident set
    std::optional<std::uint32_t> threads;      // of the operating system
    std::optional<std::uint64_t> open_fds;     // file descriptors
    std::optional<std::uint64_t> max_fds;      // the soft RLIMIT_NOFILE
};

// Present while the worker lives.
struct WorkerGauges {
    WorkerState state = WorkerState::running;
    double state_since = 0; // unix seconds
    double uptime_seconds = 0;
    ProcessUse use;
    std::optional<double> cpu_percent;                     // 100 is one core; absent until two samples exist
    std::optional<std::chrono::nanoseconds> heartbeat_age; // absent when its heartbeat file cannot be read
};

// Processor time since the process began.
struct CpuTime {
    std::chrono::nanoseconds user{0};
    std::chrono::nanoseconds system{0};
};

struct Worker {
    std::string id;                     // worker_<age>_<start>
    pid_t pid = 0;                      // as the exporter sees it
    std::optional<WorkerGauges> gauges; // nothing once the worker has ended
    std::optional<CpuTime> cpu_time;    // as last sampled; absent until then
    bool counted = false;               // false: the kernel had no room to observe it, so nothing below is known
    event::Totals totals;
    std::map<FailedKey, std::uint64_t> failed; // sums to totals.responses of status >= 400, status by status
    std::map<ErrorKey, std::uint64_t> errors;
};

// A listening address: all sockets of that name together (there are several with --reuse-port).
struct Listener {
    std::uint64_t waiting = 0; // connections that wait for accept()
    std::uint64_t limit = 0;
    std::uint64_t dropped =
        0; // TCP: connection attempts that the kernel dropped, also by sockets that are closed by now
};

struct RouteKey {
    std::string method;
    std::string endpoint;
    auto operator<=>(const RouteKey&) const = default;
};

struct Route {
    std::map<int, std::uint64_t> responses; // by status code; 0 is "unreadable"
    event::Histogram durations;             // of all of them
};

// Of all workers that a target has had.
struct ShownCount {
    std::uint64_t count = 0;
    bool is_recent = false; // it has grown within the retention time
};

struct Target {
    // Appended to every series of this target; empty when exactly one --pid was given.
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<pid_t> masters; // living ones
    pid_t master_pid = 0;       // the first master: a successor (SIGUSR2) does not change it
    bool alive = true;          // one of its masters is
    // Facts of its living master, of the youngest one if several are: version, worker_class, python, app, bind,
    // age_source. What is not known is not in it; empty when no master lives.
    std::map<std::string, std::string> facts;
    ProcessUse master_use; // of the same master
    std::uint64_t restarts = 0;
    std::uint64_t spawns = 0;
    std::map<std::string, std::uint64_t> exits; // by reason; every reason is present, also at 0
    std::uint64_t refused_endpoints = 0;        // label values replaced by "other"
    std::map<std::string, Listener> listeners;  // by name
    std::map<RouteKey, Route> routes;           // of all workers there ever were; sums to their counts
    // Of all workers, too: what has not grown for longer than the retention time may end when a worker's series do.
    std::map<FailedKey, ShownCount> failed;
    std::map<ErrorKey, ShownCount> errors;
    std::vector<Worker> workers; // living ones and those within the retention time
};

// How the observer itself is doing.
using event::MapUse;
using event::ProgramUse;

// What can be read of a master's Python.
struct PythonUse {
    std::string version; // "3.11.2"; empty when not even that is known
    std::string layout;  // "ok"; "unsupported": a version whose layout is not known; "failed": not to be read
    auto operator<=>(const PythonUse&) const = default;
};

// Whether a probe is attached to a master's Python.
struct PythonProbeUse {
    std::string probe; // "raise", "gc", "import"
    std::string state; // "attached"; "absent": the build has none, or it would be too slow; a log line says which
    auto operator<=>(const PythonProbeUse&) const = default;
};

// The last time that the configuration was read.
struct Reload {
    bool successful = true;
    std::chrono::system_clock::time_point last_success; // also of the first reading, at start
};

// The exporter's own process.
struct OwnUse {
    ProcessUse use;
    std::chrono::nanoseconds cpu_time{0};
    std::uint64_t virtual_bytes = 0;
    double started = 0; // unix seconds
};

struct SelfReport {
    std::vector<ProgramUse> programs;
    std::vector<MapUse> maps;
    std::map<std::string, std::uint64_t> events_lost;      // by reason; every reason is present, also at 0
    std::map<std::string, std::uint64_t> resynchronized;   // connections, by reason, likewise
    std::map<PythonUse, std::uint64_t> pythons;            // living masters
    std::map<PythonProbeUse, std::uint64_t> python_probes; // living masters, for the probes that were requested
    std::chrono::nanoseconds snapshot_time{0};             // building this snapshot took
    std::chrono::nanoseconds sampling_time{0};             // the last reading of /proc took
    std::optional<OwnUse> process;
    Reload reload{};
};

// What is measured: the rest is not known, which is not the same as nothing.
struct Measured {
    bool activity = true;
    bool waits = true;
    bool backlog = true;
    bool sizes = true;
    bool routes = false;
};

struct Snapshot {
    std::chrono::system_clock::time_point taken_at;
    Measured measured;
    bool ready = false; // attached, and for --pid: the master lives or has a successor
    std::vector<Target> targets;
    SelfReport self;
    std::optional<multiprocess::Exposed> custom; // the application's own metrics, while they are read
};

} // namespace model

// SPDX-License-Identifier: BSD-2-Clause
// What snapshots say over time: who lived and how busy they were, and how long the listeners' queues were.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/snapshot.h"
#include "report/columns.h"

namespace report {

inline constexpr std::size_t kMaxWorkers = 500; // lines of the report; further ones are counted, not drawn

// A worker in one column; what is not known there is absent.
struct WorkerMoment {
    std::optional<model::WorkerState> state; // nothing: it was not there
    std::optional<double> busy;              // share of the time since the snapshot before
    std::optional<double> cpu_percent;       // 100 is one core
    std::optional<std::uint64_t> memory_bytes;
};

struct WorkerLine {
    std::string id;
    pid_t pid = 0;
    std::vector<WorkerMoment> moments; // up to the last in which it was seen
};

struct ListenerLine {
    std::uint64_t limit = 0;
    std::vector<std::optional<std::uint64_t>> waiting;
};

struct WorkersMoment {
    std::uint64_t busy = 0; // serving somebody
    std::uint64_t all = 0;
};

class Timeline {
public:
    explicit Timeline(const Columns& columns) : columns_(columns) {}

    // About once a column; of several in one column the last one counts.
    void add(const model::Snapshot& snapshot);

    const std::vector<WorkerLine>& workers() const { return workers_; } // in the order of their appearance
    const std::map<std::string, ListenerLine>& listeners() const { return listeners_; }
    const std::vector<std::optional<WorkersMoment>>& counts() const { return counts_; }
    // Of each Gunicorn that was there, what was known of it last, by its master's pid.
    const std::map<pid_t, std::map<std::string, std::string>>& targets() const { return targets_; }

private:
    struct Seen {
        std::optional<std::size_t> line; // in workers_; nothing: one too many
        std::chrono::nanoseconds busy{0};
        Columns::Time at;
    };

    void add_worker(const model::Worker& worker, std::size_t column, const model::Snapshot& snapshot, pid_t master);

    Columns columns_;
    std::vector<WorkerLine> workers_;
    std::map<std::pair<pid_t, std::string>, Seen> seen_; // by master and id
    std::map<std::string, ListenerLine> listeners_;
    std::vector<std::optional<WorkersMoment>> counts_;
    std::map<pid_t, std::map<std::string, std::string>> targets_;
};

} // namespace report

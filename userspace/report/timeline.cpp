// SPDX-License-Identifier: BSD-2-Clause
#include "report/timeline.h"

#include <algorithm>

#include "clocks.h"

namespace report {

namespace {

template <typename Value> Value& at(std::vector<Value>& values, std::size_t index) {
    if (values.size() <= index) values.resize(index + 1);
    return values[index];
}

} // namespace

void Timeline::add(const model::Snapshot& snapshot) {
    const auto column = columns_.at(snapshot.taken_at);
    WorkersMoment count;
    for (const auto& target : snapshot.targets) {
        if (!target.facts.empty()) targets_[target.master_pid] = target.facts;
        for (const auto& worker : target.workers) {
            if (!worker.gauges) continue;
            count.all++;
            count.busy += worker.totals.activity.is_busy();
            add_worker(worker, column, snapshot, target.master_pid);
        }
        for (const auto& [name, listener] : target.listeners) {
            auto& line = listeners_[name];
            line.limit = listener.limit;
            at(line.waiting, column) = listener.waiting;
        }
    }
    at(counts_, column) = count;
}

void Timeline::add_worker(const model::Worker& worker, std::size_t column, const model::Snapshot& snapshot,
                          pid_t master) {
    const auto [found, is_new] = seen_.try_emplace({master, worker.id});
    auto& seen = found->second;
    if (is_new && workers_.size() < kMaxWorkers) {
        seen.line = workers_.size();
        workers_.push_back({worker.id, worker.pid, {}});
    }
    const auto busy = worker.totals.activity.busy;
    std::optional<double> share;
    if (const auto elapsed = seconds(snapshot.taken_at - seen.at); !is_new && elapsed > 0)
        share = std::clamp(seconds(busy - seen.busy) / elapsed, 0.0, 1.0);
    seen.busy = busy;
    seen.at = snapshot.taken_at;
    if (!seen.line) return;
    at(workers_[*seen.line].moments, column) = {worker.gauges->state, share, worker.gauges->cpu_percent,
                                                worker.gauges->use.memory_bytes};
}

} // namespace report

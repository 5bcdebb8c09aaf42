// SPDX-License-Identifier: BSD-2-Clause
// Requests and snapshots to make recordings of.
#pragma once

#include <chrono>
#include <string>

#include "model/snapshot.h"
#include "report/columns.h"
#include "trace/request.h"

namespace report_test {

using namespace std::chrono_literals;

inline const report::Columns::Time kBegan{1'700'000'000s};

// Answered so long after the beginning.
inline trace::Request request(std::chrono::milliseconds after, std::chrono::milliseconds took,
                              const std::string& endpoint = "/orders", int status = 200) {
    trace::Request made;
    made.at = kBegan + after;
    made.worker = "worker_1_1700000000";
    made.pid = 11;
    made.master = 10;
    made.method = "GET";
    made.path = made.endpoint = endpoint;
    made.status = status;
    made.duration = took;
    event::Parts parts;
    parts.sleeping = took / 4;
    parts.on_cpu = took - parts.sleeping;
    made.time.parts = parts;
    return made;
}

// One worker that had been busy for so long by then.
inline model::Snapshot snapshot(std::chrono::milliseconds after, std::chrono::milliseconds busy,
                                std::uint64_t in_flight = 0) {
    model::Worker worker;
    worker.id = "worker_1_1700000000";
    worker.pid = 11;
    worker.gauges = model::WorkerGauges{};
    worker.gauges->use.memory_bytes = 1000;
    worker.totals.activity.busy = busy;
    worker.totals.activity.in_flight = in_flight;
    model::Target target;
    target.master_pid = 10;
    target.facts = {{"app", "shop:app"}};
    target.listeners["tcp 127.0.0.1:8000"] = {.waiting = 3, .limit = 100, .dropped = 0};
    target.workers = {worker};
    model::Snapshot made;
    made.taken_at = kBegan + after;
    made.targets = {target};
    return made;
}

} // namespace report_test

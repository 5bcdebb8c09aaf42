// SPDX-License-Identifier: BSD-2-Clause
#include "sample_snapshot.h"

#include <string>

using namespace std::chrono_literals;

namespace {

event::Totals documented_totals() {
    event::Totals totals;
    totals.duration.buckets = {0, 0, 0, 0, 0, 35, 3, 2, 1, 1, 0, 0, 0, 0, 0};
    totals.duration.sum = 15234ms;
    totals.responses = {{200, 35}, {404, 5}, {500, 2}};
    totals.aborted.client = 1;
    totals.activity = {1, 2, 90s};
    totals.incomplete.server = 2;
    totals.unexpected_bytes = 3;
    totals.unknown_next_read_waits = 4;
    totals.collections.emplace();
    totals.collections->at(2).buckets = {0, 0, 0, 0, 3, 1, 0, 0, 0, 0};
    totals.collections->at(2).sum = 60ms;
    totals.imports = {.boot = {{250, 400ms}}, .serving = {1, 2ms}};
    totals.connections = {{"http", 40}, {"empty", 3}, {"tls", 0}};
    return totals;
}

model::SelfReport documented_self() {
    model::SelfReport self;
    self.programs = {{"accept4_exit", true, 1500ms, 1000}, {"oom_mark_victim", false, std::nullopt, 0}};
    self.maps = {{"connections", 12, 65536}};
    self.events_lost = {{"ring_full", 0}, {"slots_full", 1}};
    self.resynchronized = {{"parse_budget", 1}, {"request_end", 0}};
    self.pythons = {{{"3.11.2", "ok"}, 1}, {{"", "failed"}, 1}};
    self.python_probes = {{{"gc", "attached"}, 1}};
    self.snapshot_time = 2ms;
    self.sampling_time = 1ms;
    self.process = model::OwnUse{{31457280, 4, 40, 1024}, 12'340ms, 104857600, 1640995100.25};
    return self;
}

} // namespace

model::Snapshot documented_snapshot() {
    model::Worker worker;
    worker.id = "worker_1_1234567890";
    worker.pid = 4711;
    worker.gauges =
        model::WorkerGauges{model::WorkerState::running, 1640995200.123, 3600, {52428800, 3, 17, 1024}, 2.5, 1500ms};
    worker.cpu_time = model::CpuTime{90'500ms, 1250ms};
    worker.counted = true;
    worker.totals = documented_totals();
    worker.failed = {{{"GET", "/api/users", 404}, 5}, {{"POST", "/api/data", 500}, 2}};
    worker.errors = {{{"POST", "/api/data", "ValueError"}, 2}};

    model::Worker ended;
    ended.id = "worker_2_1234567890";
    ended.cpu_time = model::CpuTime{3s, 20ms};
    ended.counted = true;
    ended.totals.connections = {{"http", 0}};

    model::Target target;
    target.master_pid = 4710;
    target.facts = {{"version", "20.1.0"}, {"worker_class", "sync"},   {"python", "3.11.2"},
                    {"app", "wapp:app"},   {"bind", "127.0.0.1:8000"}, {"age_source", "arbiter"}};
    target.master_use = {.memory_bytes = 30408704, .threads = 1, .open_fds = 12, .max_fds = 4096};
    target.restarts = 3;
    target.spawns = 5;
    target.exits = {{"reload", 2}, {"timeout", 1}, {"oom", 0}};
    target.refused_endpoints = 7;
    target.listeners = {{"127.0.0.1:8000", {5, 100, 1}}};
    target.routes = {{{"GET", "/api/users"}, {{{200, 3}}, documented_totals().duration}}};
    target.failed = {{{"GET", "/api/users", 404}, {6, true}}, {{"POST", "/api/data", 500}, {2, true}}};
    target.errors = {{{"POST", "/api/data", "ValueError"}, {2, true}}};
    target.workers = {worker, ended};

    model::Snapshot snapshot;
    snapshot.targets = {target};
    snapshot.self = documented_self();
    return snapshot;
}

model::Snapshot large_snapshot(std::size_t targets, std::size_t endpoints) {
    const auto pattern = documented_snapshot();
    model::Snapshot snapshot;
    snapshot.self = pattern.self;
    for (std::size_t t = 0; t < targets; ++t) {
        auto target = pattern.targets[0];
        target.labels = {{"app", "shop.wsgi:application"}, {"master_pid", std::to_string(1000 + t)}};
        target.workers.clear();
        for (std::size_t w = 0; w < 8; ++w) {
            auto worker = pattern.targets[0].workers[0];
            worker.id = "worker_" + std::to_string(w + 1) + "_1234567890";
            for (std::size_t e = 0; e < endpoints; ++e)
                worker.failed[{"GET", "/api/v1/collection-" + std::to_string(e) + "/{id}", 404}] = e + 1;
            target.workers.push_back(std::move(worker));
        }
        snapshot.targets.push_back(std::move(target));
    }
    snapshot.custom =
        multiprocess::Exposed{{}, std::vector<multiprocess::TargetFiles>(targets, {.has_directory = true}), {}};
    return snapshot;
}

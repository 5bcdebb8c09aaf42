// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/families.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "clocks.h"
#include "metrics/family_set.h"

namespace metrics {
namespace {

double number(std::uint64_t count) { return static_cast<double>(count); }

std::string status_name(int status) { return status == 0 ? "unreadable" : std::to_string(status); }

void add_ended_by(FamilySet& set, Name name, const std::string& worker, const event::EndedBy& by,
                  const TargetLabels& target) {
    set.counter(name, {worker, "client"}, number(by.client), target);
    set.counter(name, {worker, "server"}, number(by.server), target);
    set.counter(name, {worker, "worker_exit"}, number(by.worker_exit), target);
}

void add_gauges(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    const auto& gauges = *worker.gauges;
    set.gauge(Name::worker_info, {worker.id, std::to_string(worker.pid)}, 1, target);
    if (gauges.use.memory_bytes) set.gauge(Name::worker_memory, {worker.id}, number(*gauges.use.memory_bytes), target);
    if (gauges.cpu_percent) set.gauge(Name::worker_cpu, {worker.id}, *gauges.cpu_percent, target);
    if (gauges.heartbeat_age)
        set.gauge(Name::worker_heartbeat_age, {worker.id}, seconds(*gauges.heartbeat_age), target);
    if (gauges.use.threads) set.gauge(Name::worker_threads, {worker.id}, *gauges.use.threads, target);
    if (gauges.use.open_fds) set.gauge(Name::worker_open_fds, {worker.id}, number(*gauges.use.open_fds), target);
    if (gauges.use.max_fds) set.gauge(Name::worker_max_fds, {worker.id}, number(*gauges.use.max_fds), target);
    set.gauge(Name::worker_uptime, {worker.id}, gauges.uptime_seconds, target);
    set.gauge(Name::worker_state,
              {worker.id, std::string(model::name_of(gauges.state)), fmt::format("{:.3f}", gauges.state_since)}, 1,
              target);
}

void add_cpu_time(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    if (!worker.cpu_time) return;
    set.counter(Name::worker_cpu_time, {worker.id, "user"}, seconds(worker.cpu_time->user), target);
    set.counter(Name::worker_cpu_time, {worker.id, "system"}, seconds(worker.cpu_time->system), target);
}

std::vector<std::string> labels_of(const model::FailedKey& key) {
    return {key.method, key.endpoint, std::to_string(key.status)};
}

std::vector<std::string> labels_of(const model::ErrorKey& key) { return {key.method, key.endpoint, key.error_type}; }

// A worker's own, and while it lives 0 for what its target has shown: a series that began with its first event would
// hide it from increase().
template <typename Key>
void add_labelled(FamilySet& set, Name name, const model::Worker& worker, const std::map<Key, std::uint64_t>& own,
                  const std::map<Key, model::ShownCount>& shown, const TargetLabels& target) {
    const auto add = [&](const Key& key, std::uint64_t count) {
        auto labels = labels_of(key);
        labels.insert(labels.begin(), worker.id);
        set.counter(name, std::move(labels), number(count), target);
    };
    for (const auto& [key, count] : own) add(key, count);
    if (!worker.gauges) return;
    for (const auto& [key, all] : shown)
        if (all.is_recent && !own.contains(key)) add(key, 0);
}

void add_classes(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    constexpr std::array<std::string_view, 6> kClasses = {"unreadable", "1xx", "2xx", "3xx", "4xx", "5xx"};
    std::array<std::uint64_t, kClasses.size()> counts{};
    for (const auto& [status, count] : worker.totals.responses)
        counts.at(std::min<std::size_t>(static_cast<std::size_t>(status) / 100, counts.size() - 1)) += count;
    for (std::size_t i = 0; i < counts.size(); ++i)
        set.counter(Name::worker_responses_by_class, {worker.id, std::string(kClasses.at(i))}, number(counts.at(i)),
                    target);
}

void add_answers(FamilySet& set, const model::Worker& worker, const model::Target& target) {
    add_classes(set, worker, target.labels);
    add_labelled(set, Name::worker_failed_requests, worker, worker.failed, target.failed, target.labels);
    add_labelled(set, Name::worker_error_handling, worker, worker.errors, target.errors, target.labels);
    std::uint64_t errors = 0;
    for (const auto& [key, count] : worker.errors) errors += count;
    set.counter(Name::worker_errors, {worker.id}, number(errors), target.labels);
}

void add_totals(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    const auto& totals = worker.totals;
    set.counter(Name::worker_requests, {worker.id}, number(totals.requests()), target);
    set.histogram(Name::worker_request_duration, {worker.id}, totals.duration, target);
    for (const auto& [status, count] : totals.responses) {
        if (count == 0) continue;
        set.counter(Name::worker_responses, {worker.id, status_name(status)}, number(count), target);
    }
    add_ended_by(set, Name::worker_requests_aborted, worker.id, totals.aborted, target);
    add_ended_by(set, Name::worker_responses_incomplete, worker.id, totals.incomplete, target);
    for (const auto& [kind, count] : totals.connections)
        set.counter(Name::worker_connections, {worker.id, kind}, number(count), target);
    set.counter(Name::worker_pipelined_unserved, {worker.id}, number(totals.unserved_requests), target);
    set.counter(Name::worker_protocol_errors, {worker.id, "unexpected_response"}, number(totals.unexpected_responses),
                target);
    set.counter(Name::worker_protocol_errors, {worker.id, "unexpected_bytes"}, number(totals.unexpected_bytes), target);
}

void add_streams(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    const auto& totals = worker.totals;
    if (worker.gauges) {
        set.gauge(Name::worker_open_streams, {worker.id}, number(totals.activity.open_streams), target);
        set.gauge(Name::worker_websockets, {worker.id}, number(totals.activity.websockets), target);
    }
    set.counter(Name::worker_streams_ended, {worker.id, "complete"}, number(totals.streams.complete), target);
    add_ended_by(set, Name::worker_streams_ended, worker.id, totals.streams.early, target);
    set.histogram(Name::worker_stream_lifetime, {worker.id}, totals.stream_lifetimes, target);
    add_ended_by(set, Name::worker_websockets_ended, worker.id, totals.websockets, target);
    set.histogram(Name::worker_websocket_lifetime, {worker.id}, totals.websocket_lifetimes, target);
}

void add_measured(FamilySet& set, const model::Worker& worker, const model::Measured& measured,
                  const TargetLabels& target) {
    const auto& totals = worker.totals;
    if (measured.activity) {
        set.counter(Name::worker_busy, {worker.id}, seconds(totals.activity.busy), target);
        if (worker.gauges) {
            set.gauge(Name::worker_in_flight, {worker.id}, number(totals.activity.in_flight), target);
            set.gauge(Name::worker_open_connections, {worker.id}, number(totals.activity.open_connections), target);
        }
        add_streams(set, worker, target);
    }
    if (measured.waits) {
        set.histogram(Name::request_queue, {worker.id, "accept_queue"}, totals.accept_waits, target);
        set.histogram(Name::request_queue, {worker.id, "first_read"}, totals.read_waits, target);
        set.histogram(Name::request_queue, {worker.id, "next_read"}, totals.next_read_waits, target);
        const auto unknown = [&](std::string place, std::uint64_t waits) {
            set.counter(Name::request_queue_unknown, {worker.id, std::move(place)}, number(waits), target);
        };
        unknown("accept_queue", totals.unknown_accept_waits);
        unknown("first_read", totals.unknown_read_waits);
        unknown("next_read", totals.unknown_next_read_waits);
    }
    if (measured.sizes) {
        set.histogram(Name::worker_first_byte, {worker.id}, totals.first_byte, target);
        set.histogram(Name::worker_request_size, {worker.id}, totals.request_sizes, target);
        set.histogram(Name::worker_response_size, {worker.id}, totals.response_sizes, target);
    }
}

void add_imports(FamilySet& set, const std::string& worker, const char* phase, const event::Imports::Phase& imports,
                 const TargetLabels& target) {
    set.counter(Name::worker_import_time, {worker, phase}, seconds(imports.time), target);
    set.counter(Name::worker_imports, {worker, phase}, number(imports.modules), target);
}

void add_python(FamilySet& set, const model::Worker& worker, const TargetLabels& target) {
    const auto& totals = worker.totals;
    if (totals.collections) {
        for (std::size_t generation = 0; generation < totals.collections->size(); ++generation)
            set.histogram(Name::worker_gc_pause, {worker.id, std::to_string(generation)},
                          (*totals.collections)[generation], target);
    }
    if (totals.imports) {
        if (totals.imports->boot) add_imports(set, worker.id, "boot", *totals.imports->boot, target);
        add_imports(set, worker.id, "serving", totals.imports->serving, target);
    }
}

void add_workers(FamilySet& set, const model::Target& target) {
    std::uint64_t busy = 0;
    std::uint64_t idle = 0;
    for (const auto& worker : target.workers) {
        if (!worker.gauges || !worker.counted) continue;
        (worker.totals.activity.is_busy() ? busy : idle)++;
    }
    set.gauge(Name::workers, {"busy"}, number(busy), target.labels);
    set.gauge(Name::workers, {"idle"}, number(idle), target.labels);
}

void add_listeners(FamilySet& set, const model::Target& target) {
    for (const auto& [name, listener] : target.listeners) {
        set.gauge(Name::listener_backlog, {name}, number(listener.waiting), target.labels);
        set.gauge(Name::listener_backlog_limit, {name}, number(listener.limit), target.labels);
        set.counter(Name::listener_dropped, {name}, number(listener.dropped), target.labels);
    }
}

void add_routes(FamilySet& set, const model::Target& target) {
    for (const auto& [key, route] : target.routes) {
        for (const auto& [status, count] : route.responses)
            set.counter(Name::http_requests, {key.method, key.endpoint, status_name(status)}, number(count),
                        target.labels);
        set.histogram(Name::http_request_duration, {key.method, key.endpoint}, route.durations, target.labels);
    }
}

void add_facts(FamilySet& set, const model::Target& target) {
    if (target.facts.empty()) return;
    std::vector<std::string> values;
    for (const auto label : metric(Name::info).labels) {
        const auto known = target.facts.find(std::string(label));
        values.push_back(known == target.facts.end() ? std::string() : known->second);
        // The label of the target's other series: they are joined by it.
        for (const auto& [name, value] : target.labels)
            if (name == label) values.back() = value;
    }
    set.gauge(Name::info, std::move(values), 1, target.labels);
}

void add_master(FamilySet& set, const model::Target& target) {
    const auto& use = target.master_use;
    if (use.open_fds) set.gauge(Name::master_open_fds, {}, number(*use.open_fds), target.labels);
    if (use.max_fds) set.gauge(Name::master_max_fds, {}, number(*use.max_fds), target.labels);
    if (use.threads) set.gauge(Name::master_threads, {}, *use.threads, target.labels);
    if (use.memory_bytes) set.gauge(Name::master_memory, {}, number(*use.memory_bytes), target.labels);
}

void add_target(FamilySet& set, const model::Target& target, const model::Measured& measured) {
    add_facts(set, target);
    add_master(set, target);
    set.counter(Name::master_worker_restarts, {}, number(target.restarts), target.labels);
    set.counter(Name::master_worker_spawns, {}, number(target.spawns), target.labels);
    for (const auto& [reason, count] : target.exits)
        set.counter(Name::worker_exits, {reason}, number(count), target.labels);
    set.counter(Name::endpoint_values_refused, {}, number(target.refused_endpoints), target.labels);
    if (measured.activity) add_workers(set, target);
    add_listeners(set, target);
    add_routes(set, target);
    for (const auto& [key, shown] : target.failed)
        set.counter(Name::failed_requests, labels_of(key), number(shown.count), target.labels);
    for (const auto& [key, shown] : target.errors)
        set.counter(Name::errors, labels_of(key), number(shown.count), target.labels);
    for (const auto& worker : target.workers) {
        if (worker.gauges) add_gauges(set, worker, target.labels);
        add_cpu_time(set, worker, target.labels);
        if (!worker.counted) continue;
        add_measured(set, worker, measured, target.labels);
        add_python(set, worker, target.labels);
        add_totals(set, worker, target.labels);
        add_answers(set, worker, target);
    }
}

void add_custom(FamilySet& set, const model::Target& target, const multiprocess::TargetFiles& files) {
    if (!files.has_directory) return;
    set.gauge(Name::custom_files, {}, number(files.files), target.labels);
    files.refused_files.each([&](auto reason, auto count) {
        set.counter(Name::custom_files_refused, {std::string(name_of(reason))}, number(count), target.labels);
    });
    files.refused_series.each([&](auto reason, auto count) {
        set.gauge(Name::custom_series_refused, {std::string(name_of(reason))}, number(count), target.labels);
    });
}

// What the application keeps itself is shown as it is (custom_writer.h); here is what became of it.
void add_custom(FamilySet& set, const model::Snapshot& snapshot) {
    if (!snapshot.custom) return;
    for (std::size_t i = 0; i < snapshot.targets.size() && i < snapshot.custom->targets.size(); ++i)
        add_custom(set, snapshot.targets[i], snapshot.custom->targets[i]);
    set.gauge(Name::custom_reading_duration, {}, seconds(snapshot.custom->reading_time));
}

void add_own_process(FamilySet& set, const model::OwnUse& own) {
    set.counter(Name::process_cpu_time, {}, seconds(own.cpu_time));
    set.gauge(Name::process_virtual_memory, {}, number(own.virtual_bytes));
    set.gauge(Name::process_start_time, {}, own.started);
    if (own.use.memory_bytes) set.gauge(Name::process_resident_memory, {}, number(*own.use.memory_bytes));
    if (own.use.open_fds) set.gauge(Name::process_open_fds, {}, number(*own.use.open_fds));
    if (own.use.max_fds) set.gauge(Name::process_max_fds, {}, number(*own.use.max_fds));
    if (own.use.threads) set.gauge(Name::process_threads, {}, *own.use.threads);
}

void add_self(FamilySet& set, const model::Snapshot& snapshot, const Build& build) {
    const auto& self = snapshot.self;
    set.gauge(Name::build_info, {build.version, build.libbpf, build.kernel}, 1);
    set.gauge(Name::targets, {}, static_cast<double>(std::ranges::count_if(snapshot.targets, &model::Target::alive)));
    for (const auto& program : self.programs) {
        set.gauge(Name::probe_attached, {program.name}, program.attached ? 1 : 0);
        if (program.run_time) set.counter(Name::bpf_run_time, {program.name}, seconds(*program.run_time));
    }
    for (const auto& [reason, count] : self.events_lost) set.counter(Name::events_lost, {reason}, number(count));
    for (const auto& [reason, count] : self.resynchronized)
        set.counter(Name::connections_resynchronized, {reason}, number(count));
    for (const auto& map : self.maps) {
        set.gauge(Name::map_entries, {map.name}, number(map.entries));
        set.gauge(Name::map_capacity, {map.name}, number(map.capacity));
    }
    for (const auto& [python, count] : self.pythons)
        set.gauge(Name::python, {python.version, python.layout}, number(count));
    for (const auto& [probe, count] : self.python_probes)
        set.gauge(Name::python_probes, {probe.probe, probe.state}, number(count));
    set.gauge(Name::snapshot_duration, {}, seconds(self.snapshot_time));
    set.gauge(Name::sampling_duration, {}, seconds(self.sampling_time));
    if (self.process) add_own_process(set, *self.process);
    set.gauge(Name::config_reload_successful, {}, self.reload.successful ? 1 : 0);
    set.gauge(Name::config_reload_success_time, {},
              std::chrono::duration<double>(self.reload.last_success.time_since_epoch()).count());
}

} // namespace

std::vector<prometheus::MetricFamily> families(const model::Snapshot& snapshot, const Build& build) {
    FamilySet set;
    for (const auto& target : snapshot.targets) add_target(set, target, snapshot.measured);
    add_self(set, snapshot, build);
    add_custom(set, snapshot);
    return std::move(set).take();
}

} // namespace metrics

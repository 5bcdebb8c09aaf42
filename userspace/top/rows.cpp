// SPDX-License-Identifier: BSD-2-Clause
#include "top/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace top {

namespace {

const model::Target* find_target(const Moment* moment, pid_t master) {
    if (moment == nullptr) return nullptr;
    const auto& targets = moment->snapshot.targets;
    const auto found = std::ranges::find(targets, master, &model::Target::master_pid);
    return found == targets.end() ? nullptr : &*found;
}

// The age in an id may be corrected once the Arbiter has been read, pid and start stay.
bool is_same(const model::Worker& one, const model::Worker& other) {
    const auto start = [](std::string_view id) { return id.substr(id.rfind('_') + 1); };
    return one.pid == other.pid && start(one.id) == start(other.id);
}

const model::Worker* find_worker(const model::Target* target, const model::Worker& worker) {
    if (target == nullptr) return nullptr;
    const auto found = std::ranges::find_if(target->workers, [&](const auto& each) { return is_same(each, worker); });
    return found == target->workers.end() || !found->counted ? nullptr : &*found;
}

std::uint64_t errors_in(const std::map<int, std::uint64_t>& responses) {
    std::uint64_t sum = 0;
    for (auto status = responses.lower_bound(500); status != responses.end(); ++status) sum += status->second;
    return sum;
}

std::uint64_t errors_in(const event::Totals& totals) {
    const auto& aborted = totals.aborted;
    return errors_in(totals.responses) + aborted.client + aborted.server + aborted.worker_exit;
}

double rate(std::uint64_t now, std::uint64_t before, double seconds) {
    const auto more = now < before ? now : now - before;
    return seconds > 0 ? static_cast<double>(more) / seconds : 0;
}

std::string state_of(const model::Worker& worker) {
    if (!worker.gauges) return "ended";
    if (worker.gauges->state == model::WorkerState::quit) return "quit";
    if (worker.gauges->state == model::WorkerState::abort) return "abort";
    if (!worker.counted) return "no room";
    return worker.totals.activity.is_busy() ? "busy" : "idle";
}

// What a worker did between two moments. A worker that was not there at the first one has begun with nothing.
void add_rates(WorkerRow& row, const model::Worker& worker, const model::Target* before, double seconds) {
    const auto* then = find_worker(before, worker);
    const event::Totals nothing;
    const auto& old = then ? then->totals : nothing;
    row.requests_per_second = rate(worker.totals.requests(), old.requests(), seconds);
    row.errors_per_second = rate(errors_in(worker.totals), errors_in(old), seconds);
    const auto busy = std::chrono::duration<double>(worker.totals.activity.busy - old.activity.busy).count();
    if (seconds > 0) row.busy_percent = std::clamp(100 * busy / seconds, 0.0, 100.0);
}

WorkerRow row_of(const model::Worker& worker, pid_t master, const Window& window) {
    WorkerRow row{.id = worker.id, .pid = worker.pid, .state = state_of(worker)};
    if (worker.gauges) {
        row.cpu_percent = worker.gauges->cpu_percent;
        row.memory_bytes = worker.gauges->use.memory_bytes;
        row.uptime_seconds = worker.gauges->uptime_seconds;
    }
    if (!worker.counted) return row;
    row.requests = worker.totals.requests();
    if (worker.gauges) row.in_flight = worker.totals.activity.in_flight;
    const auto narrow = window.narrow();
    if (narrow.from == nullptr) return row;
    add_rates(row, worker, find_target(narrow.from, master), narrow.seconds());
    const auto* then = find_worker(find_target(window.wide().from, master), worker);
    row.durations = durations_of(grown(worker.totals.duration, then ? &then->totals.duration : nullptr));
    const auto& measured = window.latest().snapshot.measured;
    if (!measured.activity) row.busy_percent.reset(), row.in_flight.reset();
    return row;
}

std::vector<ListenerRow> listeners_of(const model::Target& target, const Window& window) {
    std::vector<ListenerRow> rows;
    const auto narrow = window.narrow();
    const auto* before = find_target(narrow.from, target.master_pid);
    for (const auto& [name, listener] : target.listeners) {
        ListenerRow row{.name = name, .state = listener};
        if (before != nullptr && before->listeners.contains(name))
            row.dropped_per_second = rate(listener.dropped, before->listeners.at(name).dropped, narrow.seconds());
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<RouteRow> routes_of(const model::Target& target, const Window& window) {
    std::vector<RouteRow> rows;
    const auto wide = window.wide();
    if (wide.from == nullptr) return rows;
    const auto* before = find_target(wide.from, target.master_pid);
    for (const auto& [key, route] : target.routes) {
        const auto known = before ? before->routes.find(key) : target.routes.end();
        const auto* then = before && known != before->routes.end() ? &known->second : nullptr;
        const auto durations = durations_of(grown(route.durations, then ? &then->durations : nullptr));
        if (durations.count == 0) continue;
        const auto errors = then ? errors_in(then->responses) : 0;
        rows.push_back({key.method, key.endpoint, static_cast<double>(durations.count) / wide.seconds(),
                        rate(errors_in(route.responses), errors, wide.seconds()), durations});
    }
    std::ranges::stable_sort(rows, std::ranges::greater{}, [](const RouteRow& row) { return row.durations.average; });
    return rows;
}

Durations waits_of(const model::Target& target, const Window& window, event::Histogram event::Totals::* place) {
    event::Histogram sum;
    const auto wide = window.wide();
    if (wide.from == nullptr) return {};
    const auto* before = find_target(wide.from, target.master_pid);
    for (const auto& worker : target.workers) {
        const auto* then = find_worker(before, worker);
        add(sum, grown(worker.totals.*place, then ? &(then->totals.*place) : nullptr));
    }
    return durations_of(sum);
}

} // namespace

Durations durations_of(const event::Histogram& histogram) {
    return {count(histogram), average(histogram), percentile(histogram, 0.50), percentile(histogram, 0.95),
            percentile(histogram, 0.99)};
}

std::vector<TargetRows> rows_of(const Window& window) {
    std::vector<TargetRows> all;
    for (const auto& target : window.latest().snapshot.targets) {
        const auto app = target.facts.find("app");
        const bool named = app != target.facts.end() && !app->second.empty();
        TargetRows rows{.master_pid = target.master_pid,
                        .name = named ? app->second : fmt::format("master {}", target.master_pid),
                        .alive = target.alive,
                        .facts = target.facts,
                        .restarts = target.restarts};
        for (const auto& worker : target.workers) {
            rows.workers.push_back(row_of(worker, target.master_pid, window));
            const auto& row = rows.workers.back();
            if (!row.requests_per_second) continue;
            rows.requests_per_second = rows.requests_per_second.value_or(0) + *row.requests_per_second;
            rows.errors_per_second = rows.errors_per_second.value_or(0) + *row.errors_per_second;
        }
        rows.listeners = listeners_of(target, window);
        rows.accept_waits = waits_of(target, window, &event::Totals::accept_waits);
        rows.read_waits = waits_of(target, window, &event::Totals::read_waits);
        rows.routes = routes_of(target, window);
        all.push_back(std::move(rows));
    }
    return all;
}

} // namespace top

// SPDX-License-Identifier: BSD-2-Clause
#include "model/target_history.h"

#include <algorithm>
#include <set>

namespace model {

const gunicorn::Master* youngest_alive(const Masters& masters) {
    const gunicorn::Master* youngest = nullptr;
    for (const auto* master : masters)
        if (master->alive && (youngest == nullptr || master->start_ticks >= youngest->start_ticks)) youngest = master;
    return youngest;
}

TargetHistory::TargetHistory(pid_t first_master, Labels labels, http::EndpointLimit endpoints)
    : first_master_(first_master), labels_(std::move(labels)), endpoints_(std::move(endpoints)) {}

void TargetHistory::update(const Masters& masters) {
    if (first_master_ == 0 && !masters.empty()) first_master_ = masters.front()->pid;
    alive_ = std::ranges::any_of(masters, [](const auto* master) { return master->alive; });
    take_facts(masters);
    add_growth(masters);
    name_workers(masters);
}

void TargetHistory::take_facts(const Masters& masters) {
    const auto* youngest = youngest_alive(masters);
    facts_ = youngest == nullptr ? gunicorn::Facts{} : youngest->facts();
}

// A predecessor that is forgotten takes its counts out of the list; the target's go on from where they were.
void TargetHistory::add_growth(const Masters& masters) {
    std::map<pid_t, Counts> now;
    for (const auto* master : masters) {
        auto& counts = now[master->pid];
        counts.restarts += master->restarts;
        counts.spawns += master->spawns;
        for (std::size_t i = 0; i < counts.exits.size(); ++i) counts.exits[i] += master->exits[i];
    }
    const auto growth = [](std::uint64_t before, std::uint64_t after) { return after > before ? after - before : 0; };
    for (const auto& [pid, counts] : now) {
        const auto& last = last_[pid];
        total_.restarts += growth(last.restarts, counts.restarts);
        total_.spawns += growth(last.spawns, counts.spawns);
        for (std::size_t i = 0; i < counts.exits.size(); ++i) total_.exits[i] += growth(last.exits[i], counts.exits[i]);
    }
    last_ = std::move(now);
}

void TargetHistory::name_workers(const Masters& masters) {
    std::map<Process, const gunicorn::Worker*> present;
    for (const auto* master : masters)
        for (const auto& worker : master->workers) present[process_of(worker)] = &worker;
    std::erase_if(ids_, [&](const auto& known) { return !present.contains(known.first); });

    std::vector<const gunicorn::Worker*> unnamed;
    for (const auto& [process, worker] : present)
        if (!ids_.contains(process)) unnamed.push_back(worker);
    std::ranges::stable_sort(unnamed, {}, &gunicorn::Worker::start_ticks);

    std::set<std::string> taken;
    for (const auto& [process, id] : ids_) taken.insert(id);
    for (const auto* worker : unnamed) {
        auto named = *worker;
        while (!taken.insert(named.id()).second) ++named.start;
        ids_[process_of(*worker)] = named.id();
    }
}

const std::string& TargetHistory::id_of(const gunicorn::Worker& worker) const { return ids_.at(process_of(worker)); }

Target TargetHistory::target(std::chrono::nanoseconds recent) const {
    Target target;
    target.labels = labels_;
    target.master_pid = first_master_;
    target.alive = alive_;
    target.facts = facts_;
    target.restarts = total_.restarts;
    target.spawns = total_.spawns;
    for (std::size_t i = 0; i < total_.exits.size(); ++i)
        target.exits[name_of(static_cast<gunicorn::ExitReason>(i))] = total_.exits[i];
    target.refused_endpoints = endpoints_.refused();
    target.routes = routes_;
    target.failed = answers_.failed(recent);
    target.errors = answers_.errors(recent);
    return target;
}

} // namespace model

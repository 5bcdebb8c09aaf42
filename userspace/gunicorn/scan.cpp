// SPDX-License-Identifier: BSD-2-Clause
// What /proc shows: at the start, and as a safety net for records that were lost.
#include <algorithm>
#include <chrono>

#include "gunicorn/process_tree.h"

namespace gunicorn {
namespace {

using namespace std::chrono_literals;

// Records are taken from the kernel many times a second. What is still unexplained after this time is lost.
constexpr auto kRecordsArriveWithin = 2s;

} // namespace

std::vector<Request> ProcessTree::scan() {
    Requests requests;
    // Before /proc is read: a worker that is found is not younger than that.
    const auto now_ticks = proc_.uptime_ticks();
    for (const auto& family : recognise(candidates(proc_))) {
        if (wanted(family)) take(family, now_ticks ? *now_ticks : 0, requests);
    }
    add_awaited(requests);
    end_vanished(requests);
    check_ages();
    return requests;
}

bool ProcessTree::wanted(const MasterWithWorkers& family) const {
    const auto pid = family.master.pid;
    if (options_.only.empty() || awaited_.contains(pid) || executed_.contains(pid)) return true;
    return std::ranges::any_of(masters_, [&](const Master& master) {
        return master.alive && (master.pid == pid || master.pid == family.predecessor);
    });
}

void ProcessTree::take(const MasterWithWorkers& family, std::uint64_t now_ticks, Requests& requests) {
    auto* master = find_living_master(family.master.pid);
    if (master != nullptr && master->start_ticks != family.master.start_ticks) {
        master->end(clock_()); // its number belongs to another process now
        master = nullptr;
    }
    const bool is_new = master == nullptr;
    if (is_new) {
        auto predecessor = predecessor_of(family.master);
        master = &add_master(family.master, predecessor ? predecessor : family.predecessor, requests);
    }
    const auto grace = static_cast<std::uint64_t>(kRecordsArriveWithin.count()) * procfs::ProcFs::ticks_per_second();
    for (const auto& [traits, heartbeat] : family.workers) {
        if (find_worker(0, traits.pid).worker != nullptr || master->holds(heartbeat)) continue;
        const bool reported = std::ranges::any_of(
            provisional_, [&](const Provisional& fork) { return fork.worker.pid == traits.pid && !fork.exit; });
        // The record of its fork may still be on its way.
        const bool expected = traits.start_ticks > master->forks_seen_from && traits.start_ticks + grace > now_ticks;
        const bool doubtful = traits.handles_arbiter_signals && !is_new;
        if (reported || expected || doubtful) continue;
        Worker worker{.pid = traits.pid, .start_ticks = traits.start_ticks, .heartbeat = heartbeat};
        worker.state_since = wall_of(traits.start_ticks);
        if (const auto candidate = candidates_.find(traits.pid); candidate != candidates_.end()) {
            worker.slot = candidate->second.slot; // it called listen() itself (--reuse-port)
            candidates_.erase(candidate);
            release_children(traits.pid, requests);
        }
        const auto& added = add_worker(*master, std::move(worker));
        requests.push_back({Request::Kind::observe_worker, traits.pid, master->pid, added.slot});
    }
}

// A master that was named with --pid and has no worker just now.
void ProcessTree::add_awaited(Requests& requests) {
    const auto awaited = awaited_;
    for (const auto pid : awaited) {
        if (const auto traits = facts_of(proc_, pid)) add_master(*traits, std::nullopt, requests);
    }
    awaited_.clear();
}

bool ProcessTree::is_gone(pid_t pid, std::uint64_t start_ticks, std::optional<WallTime>& missing_since) const {
    const auto stat = proc_.stat(pid);
    const bool unknown = !stat && proc_.exists(pid);
    const bool zombie = stat && (stat->state == 'Z' || stat->state == 'X');
    if (unknown) return false;
    if (stat && !zombie && (start_ticks == 0 || stat->start_ticks == start_ticks)) {
        missing_since.reset();
        return false;
    }
    const auto now = clock_();
    if (!missing_since) missing_since = now;
    return now - *missing_since >= kRecordsArriveWithin;
}

void ProcessTree::end_vanished(Requests& requests) {
    for (auto& master : masters_) {
        for (auto& worker : master.workers) {
            if (!worker.death && is_gone(worker.pid, worker.start_ticks, worker.missing_since))
                master.end(worker, worker.signals.likely_wait_status(), *worker.missing_since);
        }
        if (master.alive && is_gone(master.pid, master.start_ticks, master.missing_since))
            master.end(*master.missing_since);
    }
    const auto candidates = candidates_;
    for (const auto& [pid, candidate] : candidates) {
        auto& known = candidates_.at(pid);
        if (is_gone(pid, 0, known.missing_since)) drop_candidate(pid, requests);
    }
    std::erase_if(executed_, [&](const auto& fork) { return !proc_.exists(fork.first); });
}

} // namespace gunicorn

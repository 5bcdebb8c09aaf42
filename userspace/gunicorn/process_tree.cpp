// SPDX-License-Identifier: BSD-2-Clause
// Kernel events, slots and retention.
#include "gunicorn/process_tree.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace gunicorn {

ProcessTree::ProcessTree(const procfs::ProcFs& proc, Options options, Clock clock, WallAt wall_at,
                         ReadArbiter read_arbiter)
    : proc_{proc}, options_{std::move(options)}, clock_{std::move(clock)}, wall_at_{std::move(wall_at)},
      read_arbiter_{read_arbiter ? std::move(read_arbiter) : ReadArbiter{ArbiterReader{proc}}},
      awaited_{options_.only.begin(), options_.only.end()} {}

void ProcessTree::assign_slot(pid_t pid, event::Slot slot) {
    if (auto* master = find_living_master(pid); master != nullptr) {
        const auto now = proc_.uptime_ticks();
        if (master->slot == 0 && slot != 0 && now) master->forks_seen_from = *now;
        master->slot = slot;
    } else if (const auto found = find_worker(0, pid); found.worker != nullptr) {
        found.worker->slot = slot;
    }
}

std::vector<Request> ProcessTree::on(const event::Event& event) {
    Requests requests;
    std::visit([&](const auto& taken) { take(taken, requests); }, event);
    return requests;
}

void ProcessTree::take(const event::Forked& event, Requests& requests) {
    if (const auto known = find_worker(0, event.pid); known.worker != nullptr) {
        if (known.master->pid == event.parent_pid && (known.worker->slot == 0 || known.worker->slot == event.slot)) {
            known.worker->slot = event.slot; // a scan was faster than this record
            ++known.master->spawns;
            return;
        }
        known.master->end(*known.worker, known.worker->signals.likely_wait_status(), wall_at_(event.at));
    }
    std::erase_if(provisional_, [&](const Provisional& fork) {
        if (fork.worker.pid != event.pid || fork.exit) return false;
        if (fork.worker.slot != event.slot)
            requests.push_back({Request::Kind::release, event.pid, 0, fork.worker.slot});
        return true; // its number belongs to a new process: the record of its end was lost
    });
    if (!may_have_workers(event.parent_pid, event.parent_slot)) {
        requests.push_back({Request::Kind::release, event.pid, 0, event.slot});
        return;
    }
    Provisional fork{.parent = event.parent_pid, .forked_at = event.at, .noticed_at = clock_()};
    fork.worker.pid = event.pid;
    fork.worker.slot = event.slot;
    fork.worker.state_since = wall_at_(event.at);
    provisional_.push_back(std::move(fork));
}

// Takes an unknown parent for a candidate: the record of its listen() was lost.
bool ProcessTree::may_have_workers(pid_t parent, event::Slot slot) {
    if (find_living_master(parent) != nullptr || candidates_.contains(parent)) return true;
    if (find_worker(slot, parent).worker != nullptr || find_provisional(slot) != nullptr) return false;
    if (!options_.only.empty() && !executed_.contains(parent)) return false;
    candidates_[parent].slot = slot;
    return true;
}

void ProcessTree::take(const event::Executed& event, Requests& requests) {
    const auto fork = std::ranges::find_if(provisional_, [&](const Provisional& one) {
        return one.worker.slot == event.slot && one.worker.pid == event.pid;
    });
    if (fork != provisional_.end()) {
        // A hook's command, or the successor on SIGUSR2: that one will call listen() and fork.
        if (find_living_master(fork->parent) != nullptr) executed_[event.pid] = fork->parent;
        provisional_.erase(fork);
        requests.push_back({Request::Kind::release, event.pid, 0, event.slot});
    } else if (const auto found = find_worker(event.slot, event.pid); found.worker != nullptr) {
        found.master->end(*found.worker, 0, wall_at_(event.at)); // serves no more, whatever it is now
    } else if (auto* master = find_living_master(event.pid); master != nullptr) {
        master->end(wall_at_(event.at));
    } else {
        drop_candidate(event.pid, requests);
    }
}

void ProcessTree::take(const event::Exited& event, Requests& requests) {
    if (const auto found = find_worker(event.slot, event.pid); found.worker != nullptr) {
        found.master->end(*found.worker, event.wait_status, wall_at_(event.at));
    } else if (auto* fork = find_provisional(event.slot); fork != nullptr) {
        end_provisional(*fork, event, requests);
    } else if (auto* master = find_living_master(event.pid); master != nullptr) {
        master->end(wall_at_(event.at));
    } else if (candidates_.contains(event.pid)) {
        drop_candidate(event.pid, requests);
    } else if (worker_of_slot(event.slot) == nullptr) {
        // The record of its fork was lost: nothing else would give the slot back.
        requests.push_back({Request::Kind::release, event.pid, 0, event.slot});
    }
    executed_.erase(event.pid);
}

void ProcessTree::end_provisional(Provisional& fork, const event::Exited& event, Requests& requests) {
    fork.exit = event;
    // At once, for the siblings: what happens to them from now on is because of this.
    if (auto* master = find_living_master(fork.parent); master != nullptr) {
        master->control.note_end_of_worker(event.wait_status);
    } else if (const auto candidate = candidates_.find(fork.parent); candidate != candidates_.end()) {
        candidate->second.control.note_end_of_worker(event.wait_status);
        // Now or never: it stops, and there is no further worker to recognise it by.
        if (const auto arbiter = candidate->second.arbiter; arbiter && could_not_boot(event.wait_status))
            add_master(*arbiter, predecessor_of(*arbiter), requests);
    }
}

void ProcessTree::drop_candidate(pid_t pid, Requests& requests) {
    const auto candidate = candidates_.find(pid);
    if (candidate == candidates_.end()) return;
    requests.push_back({Request::Kind::release, pid, 0, candidate->second.slot});
    candidates_.erase(candidate);
    release_children(pid, requests);
}

void ProcessTree::take(const event::Signalled& event, Requests&) {
    if (const auto found = find_worker(event.slot, event.pid); found.worker != nullptr) {
        const bool left_before = found.worker->signals.quit_by_master;
        found.worker->note(event, wall_at_(event.at), found.master->pid, found.master->control);
        if (!left_before && found.worker->signals.quit_by_master) explain_quit(*found.master, *found.worker);
    } else if (auto* fork = find_provisional(event.slot); fork != nullptr) {
        const auto* master = find_master(fork->parent);
        const auto candidate = candidates_.find(fork->parent);
        if (master != nullptr) {
            fork->worker.note(event, wall_at_(event.at), fork->parent, master->control);
        } else if (candidate != candidates_.end()) {
            fork->worker.note(event, wall_at_(event.at), fork->parent, candidate->second.control);
        }
    } else if (!event.applied) {
        return;
    } else if (auto* told = find_living_master(event.pid); told != nullptr) {
        told->control.note(event.signal, event.at);
    } else if (const auto candidate = candidates_.find(event.pid); candidate != candidates_.end()) {
        candidate->second.control.note(event.signal, event.at);
    }
}

void ProcessTree::take(const event::OutOfMemory& event, Requests&) {
    if (const auto found = find_worker(event.slot, event.pid); found.worker != nullptr) {
        found.worker->signals.out_of_memory = true;
    } else if (auto* fork = find_provisional(event.slot); fork != nullptr) {
        fork->worker.signals.out_of_memory = true;
    }
}

void ProcessTree::take(const event::Listening& event, Requests& requests) {
    if (find_living_master(event.pid) != nullptr || candidates_.contains(event.pid)) return;
    if (find_worker(event.slot, event.pid).worker != nullptr || find_provisional(event.slot) != nullptr) return;
    if (!options_.only.empty() && !executed_.contains(event.pid)) {
        requests.push_back({Request::Kind::release, event.pid, 0, event.slot});
        return;
    }
    candidates_[event.pid].slot = event.slot;
}

const Master* ProcessTree::master_of_slot(event::Slot worker_slot) const {
    for (const auto& master : masters_) {
        for (const auto& worker : master.workers) {
            if (worker_slot != 0 && worker.slot == worker_slot) return &master;
        }
    }
    return nullptr;
}

const Worker* ProcessTree::worker_of_slot(event::Slot slot) const {
    const auto* master = master_of_slot(slot);
    if (master == nullptr) return nullptr;
    return &*std::ranges::find(master->workers, slot, &Worker::slot);
}

// Looks up by slot, which no two share; by pid only as long as the worker has none.
ProcessTree::Found ProcessTree::find_worker(event::Slot slot, pid_t pid) {
    for (auto& master : masters_) {
        for (auto& worker : master.workers) {
            if (!worker.death && worker.pid == pid && (slot == 0 || worker.slot == 0 || worker.slot == slot))
                return {&master, &worker};
        }
    }
    return {};
}

Master* ProcessTree::find_master(pid_t pid) {
    if (auto* living = find_living_master(pid); living != nullptr) return living;
    for (auto& master : masters_ | std::views::reverse) {
        if (master.pid == pid) return &master;
    }
    return nullptr;
}

Master* ProcessTree::find_living_master(pid_t pid) {
    const auto found =
        std::ranges::find_if(masters_, [&](const Master& master) { return master.alive && master.pid == pid; });
    return found == masters_.end() ? nullptr : &*found;
}

Provisional* ProcessTree::find_provisional(event::Slot slot) {
    const auto found = std::ranges::find_if(
        provisional_, [&](const Provisional& fork) { return slot != 0 && fork.worker.slot == slot; });
    return found == provisional_.end() ? nullptr : &*found;
}

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// From a provisional fork to a worker, from a candidate to a master.
#include <algorithm>
#include <chrono>
#include <utility>

#include "gunicorn/app_name.h"
#include "gunicorn/process_tree.h"

namespace gunicorn {

std::vector<Request> ProcessTree::confirm() {
    Requests requests;
    std::vector<pid_t> parents;
    for (const auto& fork : provisional_) {
        if (std::ranges::find(parents, fork.parent) == parents.end()) parents.push_back(fork.parent);
    }
    for (const auto parent : parents) confirm_children(parent, requests);
    return requests;
}

void ProcessTree::confirm_children(pid_t parent, Requests& requests) {
    const auto now = clock_();
    std::optional<ProcessFacts> traits;
    if (auto read = facts_of(proc_, parent)) traits = *std::move(read);

    auto* master = find_master(parent);
    if ((master == nullptr || !master->alive) && candidates_.contains(parent)) {
        master = nullptr;
        if (traits && proves_master(*traits, now)) {
            master = &add_master(*traits, predecessor_of(*traits), requests);
        } else if (traits && !traits->heartbeats.empty() && may_be_master(*traits)) {
            candidates_[parent].arbiter = *traits;
        }
        // A server that forks for each connection must not keep its children here for seconds.
        if (traits && (!traits->handles_arbiter_signals || traits->heartbeats.empty())) {
            release_children(parent, requests);
            return;
        }
    }
    bool held_back = false; // by an elder sibling, since ages go by the order of forks
    std::vector<Provisional> kept;
    for (auto& fork : provisional_) {
        const auto verdict = fork.parent == parent ? judge(fork, traits, master, now) : Verdict::undecided;
        if (verdict == Verdict::not_a_worker) {
            requests.push_back({Request::Kind::release, fork.worker.pid, 0, fork.worker.slot});
        } else if (verdict == Verdict::worker && !held_back) {
            confirm_worker(*master, std::move(fork));
        } else {
            held_back = held_back || (fork.parent == parent && now - fork.noticed_at < kHoldsSiblingsBack);
            kept.push_back(std::move(fork));
        }
    }
    provisional_ = std::move(kept);
}

Verdict ProcessTree::judge(Provisional& fork, const std::optional<ProcessFacts>& parent, const Master* master,
                           WallTime now) const {
    if (master != nullptr && !fork.exit) return judge_living(proc_, fork, parent, *master, now);
    if (master != nullptr) return judge_ended(fork, *master, now);
    return now - fork.noticed_at < kConfirmTimeout ? Verdict::undecided
                                                   : Verdict::not_a_worker; // its parent proved nothing
}

namespace {

// Ages that no living worker has, among those above `counted`.
bool has_unaccounted_age(const Arbiter& arbiter, std::uint32_t counted) {
    const auto listed = std::ranges::count_if(arbiter.ages, [&](const auto& one) { return one.second > counted; });
    return arbiter.worker_age > counted && arbiter.worker_age - counted > static_cast<std::uint32_t>(listed);
}

} // namespace

// The Arbiter counts a worker before it forks it, and no process of a hook's. It is asked when a worker that a pre_fork
// hook's process preceded has had time to appear and has its age.
Verdict ProcessTree::judge_ended(const Provisional& fork, const Master& master, WallTime now) const {
    const auto verdict = gunicorn::judge_ended(fork);
    if (verdict == Verdict::not_a_worker || fork.exit->served || !master.alive) return verdict;
    // Gunicorn takes whatever ends like this for a worker, and stops: there is no time to ask.
    if (could_not_boot(fork.exit->wait_status)) return verdict;
    const auto arbiter = read_arbiter_(master.pid);
    if (!arbiter) return verdict;
    if (now - fork.noticed_at < kAppearsWithin) return Verdict::undecided;
    const auto seen_as = pid_in_master(master, fork.worker.pid);
    if (seen_as && arbiter->ages.contains(*seen_as)) return Verdict::worker; // it was not struck off yet
    return has_unaccounted_age(*arbiter, master.last_age) || master.ages_ahead.any(now) ? Verdict::worker
                                                                                        : Verdict::not_a_worker;
}

void ProcessTree::confirm_worker(Master& master, Provisional fork) {
    ++master.spawns;
    auto& worker = add_worker(master, std::move(fork.worker));
    if (fork.exit) master.end(worker, fork.exit->wait_status, wall_at_(fork.exit->at));
}

void ProcessTree::release_children(pid_t parent, Requests& requests) {
    std::erase_if(provisional_, [&](const Provisional& fork) {
        if (fork.parent != parent) return false;
        requests.push_back({Request::Kind::release, fork.worker.pid, 0, fork.worker.slot});
        return true;
    });
}

// A candidate is a master as soon as one of its forks is a worker.
bool ProcessTree::proves_master(const ProcessFacts& parent, WallTime now) {
    if (!may_be_master(parent)) return false;
    return std::ranges::any_of(provisional_, [&](Provisional& fork) {
        return fork.parent == parent.pid && !fork.exit &&
               judge_living(proc_, fork, parent, Master{}, now) == Verdict::worker;
    });
}

bool ProcessTree::may_be_master(const ProcessFacts& process) const {
    const auto parent = facts_of(proc_, process.parent);
    return gunicorn::may_be_master(process, parent ? &*parent : nullptr);
}

Master& ProcessTree::add_master(const ProcessFacts& traits, std::optional<pid_t> predecessor, Requests& requests) {
    Master master{.pid = traits.pid, .predecessor = predecessor, .start_ticks = traits.start_ticks};
    if (const auto arguments = proc_.command_line(traits.pid)) {
        master.app = app_name(*arguments, predecessor.has_value());
        master.read_facts = facts_of_command_line(*arguments);
    }
    if (const auto status = proc_.status(traits.pid); status && !status->namespace_pids.empty())
        master.namespace_depth = status->namespace_pids.size();
    master.container = container_of(proc_, traits.pid, options_.log_directory);
    if (const auto candidate = candidates_.find(traits.pid); candidate != candidates_.end()) {
        master.slot = candidate->second.slot;
        master.control = candidate->second.control;
        master.forks_seen_from = 0; // from its first one
        candidates_.erase(candidate);
    }
    executed_.erase(traits.pid);
    awaited_.erase(traits.pid);
    requests.push_back({Request::Kind::observe_master, traits.pid, 0, master.slot});
    return masters_.emplace_back(std::move(master));
}

Worker& ProcessTree::add_worker(Master& master, Worker worker) {
    const auto now = clock_();
    const auto seen_as = pid_in_master(master, worker.pid);
    worker.pid_in_master = seen_as.value_or(0);
    const auto ahead = master.ages_ahead.claim(seen_as, now);
    worker.age = ahead ? *ahead : ++master.last_age;
    master.age_check.ask_by(now);
    const auto born = worker.start_ticks != 0 ? wall_of(worker.start_ticks) : worker.state_since;
    worker.start = std::chrono::floor<std::chrono::seconds>(born).time_since_epoch().count();
    return master.workers.emplace_back(std::move(worker));
}

// Found by its own record of execve(), else by /proc while that master lives.
std::optional<pid_t> ProcessTree::predecessor_of(const ProcessFacts& master) const {
    if (const auto recorded = executed_.find(master.pid); recorded != executed_.end()) return recorded->second;
    const auto is_parent = [&](const Master& other) { return other.alive && other.pid == master.parent; };
    if (std::ranges::any_of(masters_, is_parent)) return master.parent;
    return std::nullopt;
}

WallTime ProcessTree::wall_of(std::uint64_t start_ticks) {
    if (!boot_time_) {
        if (const auto read = proc_.boot_time()) boot_time_ = *read;
    }
    const auto per_second = procfs::ProcFs::ticks_per_second();
    const auto since_boot = std::chrono::seconds{start_ticks / per_second} +
                            std::chrono::nanoseconds{1'000'000'000 / per_second * (start_ticks % per_second)};
    return WallTime{std::chrono::seconds{boot_time_.value_or(0)} + since_boot};
}

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// The ages of workers: asking the Arbiter, and what holds until it answers.
#include "gunicorn/ages.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gunicorn/app_name.h"
#include "gunicorn/arbiter.h"
#include "gunicorn/configuration_file.h"
#include "gunicorn/process_tree.h"

namespace gunicorn {
namespace {

using namespace std::chrono_literals;

constexpr auto kAskEvery = 30s;
constexpr auto kTryAgainAfter = 20ms; // the master is awake for a moment only
constexpr int kTries = 3;
// A worker that is in no list was forked a moment ago or will be in a moment, unless a pre_fork hook takes its time.
constexpr auto kClaimedWithin = 1s;
constexpr std::uint32_t kMaxAhead = 1000;

} // namespace

void AgesAhead::take(const Arbiter& arbiter, const std::set<std::uint32_t>& held, std::optional<std::uint32_t> counted,
                     WallTime now) {
    auto known = held;
    for (const auto& [pid, age] : arbiter.ages) known.insert(age);
    if (!counted) counted = known.empty() ? arbiter.worker_age : *known.rbegin();
    if (arbiter.worker_age > *counted && arbiter.worker_age - *counted <= kMaxAhead) {
        for (auto age = *counted + 1; age <= arbiter.worker_age; ++age) unlisted_.try_emplace(age, now);
    }
    // Struck off since, and claimed by nobody: a worker that ended before its fork was confirmed.
    for (const auto& [pid, age] : listed_) unlisted_.try_emplace(age, now);
    std::erase_if(unlisted_, [&](const auto& one) { return known.contains(one.first); });
    listed_.clear();
    for (const auto& [pid, age] : arbiter.ages)
        if (!held.contains(age)) listed_[pid] = age;
}

std::optional<std::uint32_t> AgesAhead::claim(std::optional<pid_t> pid, WallTime now) {
    std::erase_if(unlisted_, [&](const auto& one) { return now - one.second > kClaimedWithin; });
    std::optional<std::uint32_t> age;
    if (const auto found = pid ? listed_.find(*pid) : listed_.end(); found != listed_.end()) {
        age = found->second;
        listed_.erase(found);
    } else if (!unlisted_.empty()) {
        age = unlisted_.begin()->first;
        unlisted_.erase(unlisted_.begin());
    }
    return age;
}

bool AgesAhead::any(WallTime now) const {
    return std::ranges::any_of(unlisted_, [&](const auto& one) { return now - one.second <= kClaimedWithin; });
}

void ProcessTree::check_ages() {
    const auto now = clock_();
    for (auto& master : masters_) {
        auto& due = master.age_check.due;
        if (due > now + kAskEvery) due = now; // the clock was set back
        if (master.alive && due <= now) ask_arbiter(master, now);
    }
}

void ProcessTree::ask_arbiter(Master& master, WallTime now) {
    const auto arbiter = read_arbiter_(master.pid);
    auto& check = master.age_check;
    const bool last_try = ++check.failures >= kTries;
    // One that is not listed has ended just now, or is no worker.
    const bool taken = arbiter && (last_try || lists_all(master, *arbiter));
    master.arbiter_unreadable = arbiter ? "" : arbiter.error().text;
    if (taken) take(master, *arbiter, now);
    if (!arbiter && last_try && master.app.empty()) name_by_configuration(master);
    check.due = now + kAskEvery;
    if (!taken && !last_try) {
        check.due = now + kTryAgainAfter;
        return;
    }
    check.failures = 0;
    const bool all_told = std::ranges::all_of(
        master.workers, [](const Worker& worker) { return worker.death || worker.age_source == AgeSource::arbiter; });
    master.age_source = taken || master.age_source == AgeSource::arbiter ? AgeSource::arbiter : AgeSource::fork_order;
    if (!all_told) master.age_source = AgeSource::fork_order;
}

bool ProcessTree::lists_all(const Master& master, const Arbiter& arbiter) const {
    return std::ranges::all_of(master.workers, [&](const Worker& worker) {
        return worker.death || arbiter.ages.contains(worker.pid_in_master);
    });
}

void ProcessTree::take(Master& master, const Arbiter& arbiter, WallTime now) {
    std::set<std::uint32_t> held;
    for (auto& worker : master.workers) {
        if (const auto told = arbiter.ages.find(worker.pid_in_master); !worker.death && told != arbiter.ages.end()) {
            worker.age = told->second;
            worker.age_source = AgeSource::arbiter;
        }
        held.insert(worker.age);
    }
    std::ranges::stable_sort(master.workers, {}, &Worker::age);
    const bool asked_before = master.age_check.answered;
    master.ages_ahead.take(arbiter, held, asked_before ? std::optional{master.last_age} : std::nullopt, now);
    master.age_check.answered = true;
    master.last_age = arbiter.worker_age;
    for (const auto& [name, value] : arbiter.facts) master.read_facts[name] = value;
    const auto name = arbiter.facts.find("app");
    if (name == arbiter.facts.end() || !(master.app.empty() || master.app_is_inferred)) return;
    master.app = without_generation(name->second, master.predecessor.has_value());
    master.app_is_inferred = false;
}

void ProcessTree::name_by_configuration(Master& master) const {
    const auto arguments = proc_.command_line(master.pid);
    if (!arguments) return;
    master.app = configured_name(proc_, master.pid, *arguments);
    master.app_is_inferred = true;
}

// Gunicorn's control interface changes the number of workers without a signal to the master: `worker remove`. Then
// those that stay are as many as the Arbiter wants, without this one. What cannot be read leaves the cause unknown.
void ProcessTree::explain_quit(const Master& master, Worker& worker) const {
    if (worker.signals.cause != QuitCause::unknown) return;
    auto arbiter = read_arbiter_(master.pid);
    for (int tries = 1; !arbiter && tries < kTries && master.age_check.answered; ++tries)
        arbiter = read_arbiter_(master.pid);
    if (!arbiter || !arbiter->num_workers) return;
    const auto stays = [&](const auto& listed) {
        const auto known = std::ranges::find_if(
            master.workers, [&](const Worker& each) { return !each.death && each.pid_in_master == listed.first; });
        return known == master.workers.end() || known->state == State::running;
    };
    const auto staying = static_cast<std::uint32_t>(std::ranges::count_if(arbiter->ages, stays));
    if (staying >= *arbiter->num_workers) worker.signals.cause = QuitCause::scale_down;
}

// The pid of a worker as its master sees it. Nothing: the worker is gone and its master in a namespace of its own.
std::optional<pid_t> ProcessTree::pid_in_master(const Master& master, pid_t worker) const {
    const auto status = proc_.status(worker);
    if (status && status->namespace_pids.size() >= master.namespace_depth)
        return status->namespace_pids[master.namespace_depth - 1];
    return master.namespace_depth == 1 ? std::optional{worker} : std::nullopt;
}

} // namespace gunicorn

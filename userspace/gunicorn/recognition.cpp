// SPDX-License-Identifier: BSD-2-Clause
// Which processes are Gunicorn masters and workers.
#include "gunicorn/recognition.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace gunicorn {
namespace {

using ByPid = std::map<pid_t, const ProcessFacts*>;

constexpr std::string_view kHeartbeatPrefix = "wgunicorn-";
constexpr std::string_view kUnlinked = " (deleted)";

// "/tmp/wgunicorn-x1y2z3 (deleted)". A log file of that name is not unlinked.
bool names_heartbeat(std::string_view target) {
    const auto slash = target.rfind('/');
    const auto file = slash == std::string_view::npos ? target : target.substr(slash + 1);
    return file.starts_with(kHeartbeatPrefix) && file.ends_with(kUnlinked);
}

Result<std::vector<procfs::FileId>> heartbeats_of(const procfs::ProcFs& proc, pid_t pid) {
    TRY(const auto files, proc.open_files(pid, kHeartbeatPrefix));
    std::vector<procfs::FileId> heartbeats;
    for (const auto& file : files) {
        if (!names_heartbeat(file.target)) continue;
        if (const auto id = proc.file_id(pid, file.fd)) heartbeats.push_back(*id); // else: closed meanwhile
    }
    std::ranges::sort(heartbeats);
    const auto repeated = std::ranges::unique(heartbeats);
    heartbeats.erase(repeated.begin(), repeated.end());
    return heartbeats;
}

// The Arbiter handles CHLD, HUP and USR2 among others (a hook may ignore some); its workers set all three back to the
// default, the dirty arbiter USR2.
bool handles_arbiter_signals(const procfs::Status& status) {
    const auto takes = [&](int signal) { return status.catches(signal) || status.ignores(signal); };
    return status.catches(SIGCHLD) && takes(SIGHUP) && takes(SIGUSR2);
}

Result<ProcessFacts> complete(const procfs::ProcFs& proc, pid_t pid, std::vector<procfs::FileId> heartbeats) {
    TRY(const auto stat, proc.stat(pid));
    TRY(const auto status, proc.status(pid));
    TRY(const auto program, proc.program(pid));

    ProcessFacts traits{.pid = pid, .parent = stat.parent, .start_ticks = stat.start_ticks};
    traits.stack_start = stat.stack_start;
    traits.program = program;
    traits.handles_arbiter_signals = handles_arbiter_signals(status);
    traits.heartbeats = std::move(heartbeats);
    return traits;
}

const ProcessFacts* find(const ByPid& processes, pid_t pid) {
    const auto found = processes.find(pid);
    return found == processes.end() ? nullptr : found->second;
}

// One worker a heartbeat file. Several forks hold the same one while a hook's process lives: the worker is the one
// that has left the Arbiter's signal handlers behind, else the first.
std::vector<FoundWorker> workers_of(const ProcessFacts& master, const std::vector<const ProcessFacts*>& in_order) {
    std::map<procfs::FileId, const ProcessFacts*> holders;
    for (const auto* child : in_order) {
        if (child->parent != master.pid) continue;
        const auto heartbeat = worker_heartbeat(*child, master);
        if (!heartbeat) continue;
        const auto*& holder = holders[*heartbeat];
        if (holder == nullptr || (holder->handles_arbiter_signals && !child->handles_arbiter_signals)) holder = child;
    }
    std::vector<FoundWorker> workers;
    for (const auto* child : in_order) {
        for (const auto& [heartbeat, holder] : holders) {
            if (holder == child) workers.push_back({*child, heartbeat});
        }
    }
    return workers;
}

} // namespace

Result<ProcessFacts> facts_of(const procfs::ProcFs& proc, pid_t pid) {
    TRY(auto heartbeats, heartbeats_of(proc, pid));
    return complete(proc, pid, std::move(heartbeats));
}

std::vector<ProcessFacts> candidates(const procfs::ProcFs& proc) {
    std::vector<ProcessFacts> found;
    std::set<pid_t> seen;
    const auto pids = proc.pids();
    if (!pids) return found;
    for (const auto pid : *pids) {
        auto heartbeats = heartbeats_of(proc, pid);
        if (!heartbeats || heartbeats->empty()) continue;
        if (auto traits = complete(proc, pid, *std::move(heartbeats))) {
            seen.insert(pid);
            found.push_back(*std::move(traits));
        }
    }
    for (std::size_t i = 0, holders = found.size(); i < holders; ++i) {
        const auto parent = found[i].parent;
        if (!seen.insert(parent).second) continue;
        if (auto traits = facts_of(proc, parent)) found.push_back(*std::move(traits));
    }
    std::ranges::sort(found, {},
                      [](const ProcessFacts& process) { return std::tuple{process.start_ticks, process.pid}; });
    return found;
}

bool is_fork_of(const ProcessFacts& child, const ProcessFacts& parent) {
    if (child.parent != parent.pid || child.program != parent.program) return false;
    return child.stack_start == 0 || parent.stack_start == 0 || child.stack_start == parent.stack_start;
}

std::optional<procfs::FileId> worker_heartbeat(const ProcessFacts& child, const ProcessFacts& master) {
    if (child.heartbeats.size() != 1 || !is_fork_of(child, master)) return std::nullopt;
    const auto own = child.heartbeats.front();
    if (!std::ranges::binary_search(master.heartbeats, own)) return std::nullopt;
    return own;
}

bool may_be_master(const ProcessFacts& process, const ProcessFacts* parent) {
    if (!process.handles_arbiter_signals) return false;
    if (parent == nullptr || !is_fork_of(process, *parent)) return true;
    return parent->heartbeats.empty() && !parent->handles_arbiter_signals;
}

std::vector<MasterWithWorkers> recognise(const std::vector<ProcessFacts>& processes) {
    ByPid by_pid;
    std::vector<const ProcessFacts*> in_order;
    for (const auto& process : processes) {
        by_pid.emplace(process.pid, &process);
        in_order.push_back(&process);
    }
    std::ranges::sort(in_order, {},
                      [](const ProcessFacts* process) { return std::tuple{process->start_ticks, process->pid}; });

    std::vector<MasterWithWorkers> families;
    for (const auto* process : in_order) {
        if (!may_be_master(*process, find(by_pid, process->parent))) continue;
        if (auto workers = workers_of(*process, in_order); !workers.empty())
            families.push_back({*process, std::nullopt, std::move(workers)});
    }
    for (auto& family : families) {
        const auto parent = family.master.parent;
        if (std::ranges::any_of(families, [&](const MasterWithWorkers& other) { return other.master.pid == parent; }))
            family.predecessor = parent;
    }
    return families;
}

} // namespace gunicorn

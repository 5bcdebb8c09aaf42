// SPDX-License-Identifier: BSD-2-Clause
// A Gunicorn as /proc and the kernel's records show it, played step by step.
#include "scene.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace gunicorn {

std::uint64_t arbiter_signals() {
    return fixtures::signals({SIGHUP, SIGQUIT, SIGINT, SIGTERM, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD});
}

std::uint64_t worker_signals() {
    return fixtures::signals({SIGQUIT, SIGTERM, SIGINT, SIGWINCH, SIGUSR1, SIGABRT, SIGTTIN, SIGTTOU});
}

std::uint64_t dirty_arbiter_signals() {
    return fixtures::signals({SIGTERM, SIGQUIT, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGTTIN, SIGTTOU, SIGWINCH});
}

Scene::Scene(Options options) {
    tree_.set_boot_time(kBoot);
    tree_.put({.pid = 1, .parent = 0, .comm = "systemd", .start_ticks = 1, .program = "systemd"});
    watched_.emplace(
        proc_, std::move(options), [this] { return now_; },
        [](event::KernelTime at) { return WallTime{std::chrono::seconds{kBoot} + at}; },
        [this](pid_t master) { return ask(master); });
    pass(0ms);
}

Result<Arbiter> Scene::ask(pid_t master) {
    ++times_asked_;
    const auto known = arbiters_.find(master);
    if (known == arbiters_.end()) return fail("unreadable");
    return known->second;
}

event::KernelTime Scene::kernel_now() const { return now_ - WallTime{std::chrono::seconds{kBoot}}; }

std::uint64_t Scene::ticks_now() const {
    return static_cast<std::uint64_t>(kernel_now() / 1ms) * procfs::ProcFs::ticks_per_second() / 1000;
}

void Scene::pass(std::chrono::milliseconds time) {
    now_ += time;
    tree_.set_uptime(static_cast<std::uint64_t>(kernel_now() / 1s));
}

void Scene::start_master(pid_t pid, pid_t parent) {
    auto& process = processes_[pid];
    process = {.pid = pid, .parent = parent, .start_ticks = ticks_now(), .stack_start = last_stack_ += 0x1000};
    process.caught_signals = arbiter_signals();
    process.command_line = {"/usr/bin/python3", "/usr/bin/gunicorn", "-b", "127.0.0.1:8000", "wapp:app"};
    show(pid);
}

void Scene::start_worker(pid_t pid, pid_t master) {
    const auto heartbeat = "wgunicorn-" + std::to_string(++last_heartbeat_) + " (deleted)";
    auto& parent = processes_.at(master);
    parent.files.push_back(heartbeat);
    show(master);
    fork_plainly(pid, master);
    processes_[pid].files = {heartbeat};
    processes_[pid].caught_signals = worker_signals();
    show(pid);
}

void Scene::fork_plainly(pid_t pid, pid_t parent) {
    processes_[pid] = processes_.at(parent);
    processes_[pid].pid = pid;
    processes_[pid].parent = parent;
    processes_[pid].start_ticks = ticks_now();
    show(pid);
}

void Scene::vanish(pid_t pid) {
    const auto process = processes_.at(pid);
    tree_.remove(pid);
    processes_.erase(pid);
    const auto parent = processes_.find(process.parent);
    if (parent == processes_.end() || process.files.size() != 1) return;
    std::erase(parent->second.files, process.files.front());
    show(process.parent);
}

void Scene::start_family() {
    start_master(100);
    start_worker(101, 100);
    start_worker(102, 100);
    scan();
}

void Scene::leave(pid_t pid, int wait_status) {
    vanish(pid);
    exited(pid, wait_status);
}

std::vector<Request> Scene::listened(pid_t pid) {
    if (!slots_.contains(pid)) give_slot(pid);
    return tree().on(event::Listening{slots_[pid], pid, 4711, kernel_now()});
}

std::vector<Request> Scene::forked(pid_t pid, pid_t parent) {
    give_slot(pid);
    return carry_out(tree().on(event::Forked{slots_[pid], pid, slots_[parent], parent, kernel_now()}));
}

std::vector<Request> Scene::executed(pid_t pid) {
    const auto slot = slots_.at(pid);
    slots_.erase(pid);
    return tree().on(event::Executed{slot, pid, kernel_now()});
}

std::vector<Request> Scene::exited(pid_t pid, int wait_status, bool served) {
    return tree().on(event::Exited{slots_.at(pid), pid, wait_status, kernel_now(), served});
}

std::vector<Request> Scene::signalled(pid_t pid, int signal, pid_t sender, int code, bool applied) {
    return tree().on(event::Signalled{slots_.at(pid), pid, signal, code, applied, sender, kernel_now()});
}

void Scene::chosen_by_oom_killer(pid_t pid) {
    signalled(pid, SIGKILL, pid, 0x80);
    tree().on(event::OutOfMemory{slots_.at(pid), pid, kernel_now()});
}

void Scene::bear(pid_t pid, pid_t master) {
    start_worker(pid, master);
    forked(pid, master);
    confirm();
}

std::vector<Request> Scene::scan() { return carry_out(tree().scan()); }

std::vector<Request> Scene::confirm() { return carry_out(tree().confirm()); }

std::vector<Request> Scene::carry_out(std::vector<Request> requests) {
    for (const auto& request : requests) {
        if (request.kind == Request::Kind::release || request.kind == Request::Kind::forget) continue;
        if (!slots_.contains(request.pid)) give_slot(request.pid);
        tree().assign_slot(request.pid, slots_[request.pid]);
    }
    return requests;
}

const Master& Scene::master(pid_t pid) const {
    const auto& masters = watched_->masters();
    const auto found = std::ranges::find(masters, pid, &Master::pid);
    if (found == masters.end()) throw std::runtime_error("no master " + std::to_string(pid));
    return *found;
}

const Worker& Scene::worker(pid_t pid) const {
    const Worker* last = nullptr;
    for (const auto& master : watched_->masters()) {
        for (const auto& worker : master.workers) {
            if (worker.pid == pid) last = &worker;
        }
    }
    if (last == nullptr) throw std::runtime_error("no worker " + std::to_string(pid));
    return *last;
}

bool Scene::has_worker(pid_t pid) const {
    return std::ranges::any_of(watched_->masters(), [&](const Master& master) {
        return std::ranges::find(master.workers, pid, &Worker::pid) != master.workers.end();
    });
}

std::uint64_t Scene::exits(pid_t master_pid, ExitReason reason) const {
    return master(master_pid).exits[static_cast<std::size_t>(reason)];
}

bool releases(const std::vector<Request>& requests, pid_t pid) {
    return std::ranges::any_of(requests, [&](const Request& request) {
        return request.kind == Request::Kind::release && request.pid == pid && request.slot != 0;
    });
}

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// A Gunicorn as /proc and the kernel's records show it, played step by step: processes are put into a tree of files,
// events are fed to a ProcessTree, and time moves only when told to.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fixtures/proc_tree.h"
#include "gunicorn/process_tree.h"

namespace gunicorn {

using namespace std::chrono_literals;

inline constexpr std::int64_t kBoot = 1'700'000'000; // unix seconds

// What the kernel shows of the signal handlers that Gunicorn installs.
std::uint64_t arbiter_signals();
std::uint64_t worker_signals();
std::uint64_t dirty_arbiter_signals();

class Scene {
public:
    explicit Scene(Options options = {});

    // ---- /proc ----

    void start_master(pid_t pid, pid_t parent = 1);
    // As the master forks it: with a new heartbeat file that both hold, and the worker's handlers.
    void start_worker(pid_t pid, pid_t master);
    // A plain fork: it holds what its parent holds and handles the signals that its parent handles.
    void fork_plainly(pid_t pid, pid_t parent);
    fixtures::FakeProcess& process(pid_t pid) { return processes_.at(pid); }
    // Shows changes of process().
    void show(pid_t pid) { tree_.put(processes_.at(pid)); }
    // The process is gone, and its master, if there, has closed its heartbeat file.
    void vanish(pid_t pid);
    // Two workers, 101 and 102, of the master 100, which a scan has found.
    void start_family();
    void pass(std::chrono::milliseconds time);

    // ---- kernel records ----

    std::vector<Request> listened(pid_t pid);
    std::vector<Request> forked(pid_t pid, pid_t parent);
    std::vector<Request> executed(pid_t pid);
    std::vector<Request> exited(pid_t pid, int wait_status, bool served = false);
    std::vector<Request> signalled(pid_t pid, int signal, pid_t sender, int code = 0, bool applied = true);
    // vanish() and its record.
    void leave(pid_t pid, int wait_status = 0);
    void chosen_by_oom_killer(pid_t pid); // after its SIGKILL
    // start_worker(), its record and its confirmation.
    void bear(pid_t pid, pid_t master);

    // ---- the tree ----

    // scan(), and slots for what it asks to observe.
    std::vector<Request> scan();
    std::vector<Request> confirm();
    const Master& master(pid_t pid) const;
    const Worker& worker(pid_t pid) const; // the last one of that number
    bool has_worker(pid_t pid) const;
    std::uint64_t exits(pid_t master_pid, ExitReason reason) const;
    event::Slot slot_of(pid_t pid) const { return slots_.at(pid); }
    void give_slot(pid_t pid) { slots_[pid] = ++last_slot_; }
    // What an Arbiter answers from now on. Before, it cannot be read.
    void set_arbiter(pid_t master, Arbiter arbiter) { arbiters_[master] = std::move(arbiter); }
    void hide_arbiter(pid_t master) { arbiters_.erase(master); }
    int times_asked() const { return times_asked_; }
    WallTime now() const { return now_; }

    ProcessTree& tree() { return *watched_; }
    const procfs::ProcFs& proc() const { return proc_; }
    fixtures::ProcTree& files() { return tree_; }

private:
    event::KernelTime kernel_now() const;
    std::uint64_t ticks_now() const;
    std::vector<Request> carry_out(std::vector<Request> requests);
    Result<Arbiter> ask(pid_t master);

    fixtures::ProcTree tree_;
    procfs::ProcFs proc_{tree_.root()};
    std::map<pid_t, fixtures::FakeProcess> processes_;
    std::map<pid_t, event::Slot> slots_;
    std::map<pid_t, Arbiter> arbiters_;
    int times_asked_ = 0;
    event::Slot last_slot_ = 0;
    int last_heartbeat_ = 0;
    std::uint64_t last_stack_ = 0x7ffc0000;
    WallTime now_{std::chrono::seconds{kBoot + 1000}};
    std::optional<ProcessTree> watched_;
};

bool releases(const std::vector<Request>& requests, pid_t pid);

} // namespace gunicorn

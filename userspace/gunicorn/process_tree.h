// SPDX-License-Identifier: BSD-2-Clause
// Which processes are Gunicorn masters and workers, what each worker is called, in which state it is and why it
// ended. Fed with /proc scans and kernel events; owns no kernel resource: what it wants of the kernel it returns.
//
// A fork of a master is provisional until /proc shows that it is a worker; see provisional.h and recognition.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "event/event.h"
#include "gunicorn/arbiter.h"
#include "gunicorn/master.h"
#include "gunicorn/provisional.h"
#include "gunicorn/recognition.h"
#include "gunicorn/resolve_pid.h"
#include "procfs/procfs.h"

namespace gunicorn {

// What the caller has to do in the kernel. In the order in which they were returned.
struct Request {
    enum class Kind {
        observe_master, // pid, slot if it has one: take one if it has none, role master; then assign_slot()
        observe_worker, // pid, parent: take a slot if it has none, role worker; then report it by assign_slot()
        release,        // slot, of the process pid: it is not, or no longer, of interest
        forget,         // retained: the retention time of a worker is over
    };
    Kind kind;
    pid_t pid = 0;
    pid_t parent = 0;
    event::Slot slot = 0;
    std::uint64_t retained = 0; // Worker::retained
};

struct Options {
    std::vector<pid_t> only; // --pid, already resolved to masters; empty: every Gunicorn of the host
    std::chrono::seconds retention{300};
    std::filesystem::path log_directory = "/var/log"; // see container_of()
};

class ProcessTree {
public:
    using Clock = std::function<WallTime()>;
    using WallAt = std::function<WallTime(event::KernelTime)>;

    // `wall_at` turns a kernel time into wall-clock time. `proc` must outlive the tree. `read_arbiter`: by default
    // from memory, see arbiter.h.
    ProcessTree(const procfs::ProcFs& proc, Options options, Clock clock, WallAt wall_at,
                ReadArbiter read_arbiter = {});

    // Reads /proc and finds what is running: at the start, and every few seconds as a safety net. Masters and
    // workers that are known already stay as they are; those that are gone although no exit was reported end. The
    // workers of a new master have the ages that its Arbiter says.
    std::vector<Request> scan();

    // The kernel's slot of a process that scan() or confirm() asked to observe. Slot 0: there was no room.
    void assign_slot(pid_t pid, event::Slot slot);

    // One kernel event, in order. Forks of candidates and masters are provisional until confirm().
    std::vector<Request> on(const event::Event& event);

    // Looks again at provisional processes. To be called about every 50 ms while has_provisional().
    std::vector<Request> confirm();
    bool has_provisional() const { return !provisional_.empty(); }

    // Asks the Arbiters that it is time to ask for the ages of their workers, which may change: after a birth, a moment
    // after a death, and now and then. To be called several times a second, before ids are shown: confirm() counts
    // forks only. Costs nothing when it is not time.
    void check_ages();

    // Slots of what has ended, to be released once their counts are copied; a master's with those of its last worker,
    // which needs what the master's leads to.
    std::vector<Request> departed() const;
    // A slot was released, and the counts of its worker are kept under the number `retained` from now on. False: it was
    // no worker's that is listed.
    bool retain(event::Slot slot, std::uint64_t retained);

    // Drops workers (and ended masters) whose retention time is over, or all dead ones at once; and the first to end of
    // those beyond what is kept of one master's workers, and of masters.
    std::vector<Request> forget_dead(bool at_once = false);
    // Ended workers and masters that were dropped before their retention time was over.
    std::uint64_t dropped() const { return dropped_; }

    const std::vector<Master>& masters() const { return masters_; }
    const Master* master_of_slot(event::Slot worker_slot) const;
    const Worker* worker_of_slot(event::Slot slot) const;

private:
    using Requests = std::vector<Request>;
    struct Found {
        Master* master = nullptr;
        Worker* worker = nullptr;
    };

    // process_tree.cpp: events
    void take(const event::Forked& event, Requests& requests);
    void take(const event::Executed& event, Requests& requests);
    void take(const event::Exited& event, Requests& requests);
    void take(const event::Signalled& event, Requests& requests);
    void take(const event::OutOfMemory& event, Requests& requests);
    void take(const event::Listening& event, Requests& requests);
    void take(const event::Responded&, Requests&) {}
    void take(const event::Aborted&, Requests&) {}
    void take(const event::Logged&, Requests&) {}
    void take(const event::Traced&, Requests&) {}
    bool may_have_workers(pid_t parent, event::Slot slot);
    void end_provisional(Provisional& fork, const event::Exited& event, Requests& requests);
    void drop_candidate(pid_t pid, Requests& requests);

    // births.cpp: confirmed workers and masters
    void confirm_children(pid_t parent, Requests& requests);
    Verdict judge(Provisional& fork, const std::optional<ProcessFacts>& parent, const Master* master,
                  WallTime now) const;
    Verdict judge_ended(const Provisional& fork, const Master& master, WallTime now) const;
    void confirm_worker(Master& master, Provisional fork);
    void release_children(pid_t parent, Requests& requests);
    bool proves_master(const ProcessFacts& parent, WallTime now);
    bool may_be_master(const ProcessFacts& process) const;
    Master& add_master(const ProcessFacts& traits, std::optional<pid_t> predecessor, Requests& requests);
    Worker& add_worker(Master& master, Worker worker);
    std::optional<pid_t> predecessor_of(const ProcessFacts& master) const;

    // ages.cpp
    void ask_arbiter(Master& master, WallTime now);
    void name_by_configuration(Master& master) const;
    void explain_quit(const Master& master, Worker& worker) const;
    bool lists_all(const Master& master, const Arbiter& arbiter) const;
    void take(Master& master, const Arbiter& arbiter, WallTime now);
    std::optional<pid_t> pid_in_master(const Master& master, pid_t worker) const;

    WallTime wall_of(std::uint64_t start_ticks);

    // scan.cpp: what /proc shows
    bool wanted(const MasterWithWorkers& family) const;
    void take(const MasterWithWorkers& family, std::uint64_t now_ticks, Requests& requests);
    void add_awaited(Requests& requests);
    void end_vanished(Requests& requests);
    bool is_gone(pid_t pid, std::uint64_t start_ticks, std::optional<WallTime>& missing_since) const;

    // process_tree.cpp: finding what is known
    Found find_worker(event::Slot slot, pid_t pid); // living
    bool awaits_workers(const Master& master) const;
    Master* find_master(pid_t pid); // living, else the last one to end
    Master* find_living_master(pid_t pid);
    Provisional* find_provisional(event::Slot slot);

    const procfs::ProcFs& proc_;
    Options options_;
    Clock clock_;
    WallAt wall_at_;
    ReadArbiter read_arbiter_;
    std::set<pid_t> awaited_; // of options_.only, those not found yet: later owners of the number are not meant
    std::vector<Master> masters_;
    std::map<pid_t, Candidate> candidates_;
    std::vector<Provisional> provisional_; // in order of fork
    std::map<pid_t, pid_t> executed_;      // forks of masters that called execve(), with their master
    std::uint64_t dropped_ = 0;
    std::optional<std::int64_t> boot_time_; // read once, so that a clock that is set changes no id
};

} // namespace gunicorn

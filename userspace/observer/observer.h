// SPDX-License-Identifier: BSD-2-Clause
// Joins what the kernel reports and what /proc shows into snapshots. Every command has one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gunicorn/heartbeats.h"
#include "gunicorn/listeners.h"
#include "gunicorn/process_tree.h"
#include "model/model.h"
#include "model/process_use.h"
#include "model/sampler.h"
#include "model/snapshot.h"
#include "observer/layout_registry.h"
#include "observer/losses.h"
#include "observer/probe_registry.h"
#include "observer/traces.h"
#include "probe/probe.h"
#include "procfs/procfs.h"
#include "result.h"
#include "stacks/recorder.h"

namespace observer {

struct Options {
    std::vector<pid_t> pids; // --pid: masters or workers; empty: every Gunicorn of the host
    std::chrono::seconds retention{300};
    std::string log_directory = "/var/log"; // the node's, for the names of pods and containers
    http::EndpointFolding endpoints;
    std::size_t endpoint_limit = 200;
    std::uint32_t max_processes = 1024;
    std::uint32_t max_connections = 8192;
    model::Measured measured;
    bool exceptions = true;
    bool unlogged_exceptions = false; // with `exceptions` only
    bool collector = true;            // Python's garbage collector
    bool imports = false;
    Traces::Sink on_request; // called in drain() for each request that has ended, with where its time went; or empty
};

// Not thread-safe: one thread, the event loop's, owns it.
class Observer {
public:
    // Attaches to the kernel and finds what is running. Errors: a pid that is no Gunicorn's, a kernel that refuses.
    static Result<std::unique_ptr<Observer>> start(const procfs::ProcFs& proc, Options options);

    // Readable when drain() should run at once; otherwise drain() has to be called several times a second.
    int ring_fd() const { return probe_->ring_fd(); }
    // Takes in what the kernel reported, and looks at processes whose nature is not clear yet.
    void drain();
    // Reads memory, CPU and descriptors of masters and workers.
    void sample();
    // … of those that have come since, and once more of those that lack a share of the processor. To be called several
    // times a second.
    void sample_new();
    // Looks for what events may have missed, and drops what is past its retention time.
    void tidy();
    // Drops what has ended, however short ago: its series are gone with this.
    void clean_up() { apply(tree_.forget_dead(true)); }

    // What is known now, exact as of this call.
    model::Snapshot snapshot();

    // The threads that serve requests of workers at this moment, each once. Only where requests are traced.
    std::vector<stacks::Target> serving() const;

    // With --pid: none of those masters, nor a successor, lives any more.
    bool targets_gone() const;
    // A Gunicorn is being observed at this moment.
    bool has_targets() const;
    // Records and programs that were given up since the start, by reason; every reason is present.
    std::map<std::string, std::uint64_t> events_lost() const;
    // … and the retention time of all that was known of them is over.
    bool nothing_left() const { return tree_.masters().empty(); }

private:
    Observer(const procfs::ProcFs& proc, Options options, std::vector<pid_t> masters,
             std::unique_ptr<probe::Probe> probe);

    void drain_records();
    void warn_of_ranked_ages();
    void tell_concurrency();
    void handle(const event::Event& event);
    std::string count(const event::Traced& traced);
    std::string count(event::Aborted aborted);
    void log_aborted(const event::Aborted& aborted) const;
    void apply(const std::vector<gunicorn::Request>& requests);
    void observe_master(pid_t pid, event::Slot candidate);
    void observe_worker(pid_t pid, pid_t parent);
    void forward_traces();
    void depart(event::Slot slot, pid_t pid);
    void release_departed();
    void give_back_slots();
    void last_totals(event::Slot slot);
    void retain(event::Slot slot);
    void add_listeners(pid_t master, event::Slot slot);
    gunicorn::Facts facts_of_master(pid_t pid) const; // empty if there is no such living master
    void read_python(pid_t master, event::Slot slot);
    event::Slot slot_of_master(pid_t pid) const;
    void read_totals();
    void read_totals(event::Slot slot, pid_t master, std::uint64_t start_ticks = 0);
    void read_listeners();
    void note_listener(const gunicorn::ListeningSocket& socket, event::Slot owner);
    struct Holder {
        pid_t pid;
        pid_t master;
    };
    std::optional<Holder> holder_of(event::Slot slot) const;
    const std::string& listener_name(std::uint64_t inode, pid_t holder);

    const procfs::ProcFs& proc_;
    Options options_;
    std::unique_ptr<probe::Probe> probe_;
    gunicorn::ProcessTree tree_;
    model::Model model_;
    model::Sampler sampler_;
    model::OwnProcess own_process_;
    gunicorn::Heartbeats heartbeats_;
    LayoutRegistry layouts_;
    Traces traces_;
    ProbeRegistry python_probes_;
    std::chrono::nanoseconds sampling_time_{0};
    std::set<pid_t> warned_of_;
    std::map<event::Slot, std::pair<pid_t, event::Concurrency>> told_; // of each master, what the kernel side was told
    std::map<std::uint64_t, std::string> listener_names_;              // by inode
    std::map<event::Slot, pid_t> departed_;                            // slots to be released
    std::chrono::steady_clock::time_point departed_since_;
    std::map<event::Slot, pid_t> leaving_; // … for which programs may be running still
    std::future<void> programs_ended_;     // valid as long as somebody is leaving
    Losses losses_;
};

} // namespace observer

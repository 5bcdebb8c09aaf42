// SPDX-License-Identifier: BSD-2-Clause
// The BPF programs and their maps: loaded, attached, fed with what to observe, and read. The only user of libbpf.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/concurrency.h"
#include "event/event.h"
#include "event/probe_report.h"
#include "event/totals.h"
#include "python/layout.h"
#include "python/memory.h"
#include "result.h"

namespace probe {

// What a user may turn off: the programs that only a group needs are not loaded then.
struct Groups {
    bool activity = true; // busy time, requests in flight, open connections, streams, WebSockets
    bool waits = true;    // how long connections wait for accept() and for being read
    bool backlog = true;  // how many wait in a listener
    bool sizes = true;    // request and response sizes, time to first byte
    bool exceptions = true;
    bool collector = true; // how long Python's garbage collector stops a thread
    bool unlogged = false; // exceptions that nobody logs; with `exceptions` only
    bool imports = false;  // how long workers import modules
};

// What can be attached to an interpreter's file.
enum class PythonProbe {
    raises,      // every exception that passes a framework: a uprobe
    collections, // of the garbage collector: USDT
    imports,     // USDT
};
using PythonProbeId = std::uint64_t;

// An inode, as the kernel has it behind a mapping.
struct MappedFile {
    std::uint64_t device = 0; // comparable only with those of other MappedFiles
    std::uint64_t inode = 0;
    std::uint64_t object = 0; // address of the inode in the kernel; 0 before Linux 5.12
    auto operator<=>(const MappedFile&) const = default;
};

// Whose listen(2) makes a process a candidate whose forks are observed until user space has looked at them.
enum class Candidates { children_of_masters, everybody };

struct Options {
    std::uint32_t max_processes = 1024;   // masters, candidates and workers at a time; 1-32,766
    std::uint32_t max_connections = 8192; // open connections of all workers
    // Records on their way; a power of two and whole pages. Of errors some 1.5 kB each, and whoever reads may be
    // starved for seconds.
    std::uint32_t ring_bytes = 4 * 1024 * 1024;
    std::uint32_t pid_max = 32768;     // /proc/sys/kernel/pid_max
    std::uint32_t max_threads = 16384; // of all observed processes, whose time is kept while requests are traced
    Candidates candidates = Candidates::everybody;
    bool every_response = false; // a record for each response, not only for those of status >= 400
    bool trace = false;          // … and where the time of each went; needs the groups activity and waits
    Groups groups;
};

// Not thread-safe: one thread owns it. Detaches and frees everything when destroyed; if the process is killed the
// kernel does, since nothing is pinned.
class Probe {
public:
    // Loads and attaches everything or nothing. The error names the step that failed and what to do.
    static Result<std::unique_ptr<Probe>> load(const Options& options);
    ~Probe();
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;

    // Takes a slot for a process that was found running and observes it from now on. A process that has a slot
    // already keeps it and gets the role. 0: no slot is free, or the pid is beyond pid_max (counted).
    // `expected`: the slot that a candidate has; when it has it no more it has ended, and nothing is taken.
    event::Slot observe_master(pid_t pid, event::Slot expected = 0);
    event::Slot observe_worker(pid_t pid, event::Slot master);

    // What serves the connections of this master's workers from now on. At first, requests.
    void set_concurrency(event::Slot master, event::Concurrency concurrency);

    // Processes are no longer observed, in three steps: the kernel finds them no more; all programs end that have found
    // them before, which takes some milliseconds, and may be waited for in any thread; then their connections are
    // ended, and their slots are zeroed and given back. A slot that is not the process's any more is left alone.
    // `last_look`: called when nothing more will be counted or recorded, and all is still there.
    struct Held {
        event::Slot slot;
        pid_t pid;
    };
    void detach(const std::vector<Held>& processes);
    static void wait_for_programs();
    void give_back(std::vector<Held> processes, const std::function<void()>& last_look = {});
    // All three for one.
    void release(event::Slot slot, pid_t pid);

    // From now on the exceptions behind responses of this master's workers are read.
    // `first_thread_at`: the address of its interpreter's pointer to its first thread. `ambient_exception`: of an
    // exception that is no request's, 0: none; nothing: not known yet. `raises`: exceptions that nobody logs are seen
    // as well, by what is attached to its file already; since the first time that it is said.
    void set_python(event::Slot master, const python::Layout& layout, python::Address first_thread_at,
                    std::optional<python::Address> ambient_exception, bool raises);

    // The inode behind a file on which the kernel places probes: of a file on overlayfs that of the layer below, which
    // all mounts of that layer share. Comparable as long as something is attached to it. Errors: the file cannot be
    // opened or mapped, or the kernel does not say.
    Result<MappedFile> probed_inode(const std::string& path) const;

    // Attaches to an interpreter's file for all processes that run it, until detach_python(). Its group must be on.
    // `offset` in the file: of the instruction for `raises`; else not used. Errors: a build without such a probe, or a
    // kernel that is_parser_error_reply.
    Result<PythonProbeId> attach_python(PythonProbe probe, const std::string& path, std::uint64_t offset);
    void detach_python(PythonProbeId id);
    // Per worker; nullopt if the group is off. `from_the_beginning`: whether the probes were attached before the worker
    // was born, so that the time it took to boot is known.
    std::optional<event::Collections> collections(event::Slot slot) const;
    std::optional<event::Imports> imports(event::Slot slot, bool from_the_beginning) const;

    // Connections are tracked that the process in the slot, or a worker of it, accepts on this socket. False: it has as
    // many as are kept of one, which is counted.
    bool add_listener(std::uint64_t socket_inode, event::Slot owner);

    // Forgets unix clients that have waited in a queue for so long that it is gone.
    void forget_stale_arrivals();

    // A connection that was open before: tracked from its next request on, if it is not tracked already.
    void adopt_connection(event::Slot slot, int fd, std::uint64_t socket_inode);

    // Counts the connections that ended processes left open, and what was in flight on them until each ended.
    void end_connections(const std::map<event::Slot, event::KernelTime>& ended);

    // Likewise of connections that had several descriptors, of which the last was closed since the last call.
    void end_closed_connections();

    // The counts of one moment: what the kernel was counting while they were copied is in all of them or in none.
    // nullopt if they never stood still for long enough (a thread that was preempted while it counted): read again
    // later. `now`: CLOCK_MONOTONIC, up to which a worker with a request in flight counts as busy; 0 leaves out the
    // stretch that lasts.
    std::optional<event::Totals> totals(event::Slot slot, event::KernelTime now = {}) const;

    // How full the listeners of observed processes are now. A listener that several processes hold (a master and its
    // successor on SIGUSR2) is in it once for each. Empty where the group is turned off.
    std::vector<event::ListenerState> listeners() const;

    // Requests that are being served, in no order. Empty unless requests are traced. Of those that come and go at this
    // moment some may be missed.
    std::vector<event::InFlight> in_flight() const;

    // Readable when the kernel wants to be read soon. Records below half of the ring do not wake anybody: drain()
    // has to be called several times a second anyway.
    int ring_fd() const;
    // Gives out the events in the order of the kernel. `consumer` must not call drain(). Returns the number of records
    // that are of no known kind or too short, which are left out.
    std::size_t drain(const std::function<void(event::Event)>& consumer);

    event::ProbeReport report() const;
    // What was given up, by reason; every reason is present, also at 0.
    std::map<std::string, std::uint64_t> events_lost() const;
    // Connections whose place was lost and found again, by reason; every reason is present, also at 0.
    std::map<std::string, std::uint64_t> resynchronized() const;

private:
    struct Kernel;
    explicit Probe(std::unique_ptr<Kernel> kernel);

    std::unique_ptr<Kernel> kernel_;
};

// Version of the libbpf in use, for build info.
std::string libbpf_version();

} // namespace probe

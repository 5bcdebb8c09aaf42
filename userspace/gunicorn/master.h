// SPDX-License-Identifier: BSD-2-Clause
// A Gunicorn master and its workers, as far as they are known.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "event/event.h"
#include "gunicorn/ages.h"
#include "gunicorn/arbiter.h"
#include "gunicorn/container.h"
#include "gunicorn/exit_reason.h"
#include "procfs/procfs.h"

namespace gunicorn {

// quit: told to leave (TERM, QUIT, INT). abort: its master gave it up (ABRT). Never goes back.
enum class State { running, quit, abort };

struct Death {
    WallTime at;
    ExitReason reason;
    int wait_status; // as wait(2)
};

struct Worker {
    pid_t pid = 0;
    event::Slot slot = 0;
    std::uint64_t retained = 0; // of one that has ended, once its slot is released: what its counts are kept under
    std::uint32_t age = 0;      // Gunicorn's Worker.age
    AgeSource age_source = AgeSource::fork_order;
    std::int64_t start = 0;        // unix seconds: btime + starttime / CLK_TCK
    std::uint64_t start_ticks = 0; // /proc/<pid>/stat field 22; 0: it ended before it could be read
    State state = State::running;
    WallTime state_since;
    std::optional<Death> death;

    // What the process tree remembers for its own use.
    SignalsSeen signals;
    procfs::FileId heartbeat;
    pid_t pid_in_master = 0;               // as its master's PID namespace has it; 0: not known
    std::optional<WallTime> missing_since; // not in /proc although no end was reported

    std::string id() const; // worker_<age>_<start>
    // Takes a signal that was generated for this worker at the time `wall`.
    void note(const event::Signalled& event, WallTime wall, pid_t master, const ControlSignals& control);
};

struct Master {
    pid_t pid = 0;
    event::Slot slot = 0;
    std::string app;                    // "module:callable" or what the command line has in its place; may be empty
    bool app_is_inferred = false;       // from the configuration file: what the Arbiter's memory says replaces it
    std::optional<Container> container; // that it runs in
    bool alive = true;
    std::optional<WallTime> ended_at;
    std::optional<pid_t> predecessor; // the master that execve'd this one on SIGUSR2
    std::uint32_t last_age = 0;
    // arbiter: the ages of all living workers are what the Arbiter says.
    AgeSource age_source = AgeSource::fork_order;
    std::string arbiter_unreadable; // why it cannot be asked; empty when it can
    std::uint64_t restarts = 0;     // deaths that had to be made good, see is_restart()
    std::uint64_t spawns = 0;       // workers born while observed
    std::array<std::uint64_t, kExitReasons> exits{};
    std::vector<Worker> workers; // in order of age; dead ones until forget_dead()

    // What the process tree remembers for its own use.
    std::uint64_t start_ticks = 0;
    std::size_t namespace_depth = 1; // of its PID namespace, from the one of /proc on
    AgesAhead ages_ahead;
    AgeCheck age_check;
    Facts read_facts;
    // start_ticks: the kernel reports later forks. From the moment on at which it has a slot.
    std::uint64_t forks_seen_from = std::numeric_limits<std::uint64_t>::max();
    ControlSignals control;
    std::optional<WallTime> missing_since;

    // The worker ended. Counts its exit and, if it has to be replaced, a restart.
    void end(Worker& worker, int wait_status, WallTime at);
    void end(WallTime at);
    bool holds(procfs::FileId heartbeat) const; // one of the living workers does

    // What gunicorn_info says of it.
    Facts facts() const;
};

} // namespace gunicorn

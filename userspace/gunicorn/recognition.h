// SPDX-License-Identifier: BSD-2-Clause
// Which processes are Gunicorn masters and workers, from what they hold open and how they handle signals. Names
// and command lines say nothing here: embedded, renamed and wrapped Gunicorns have others.
//
// Before each fork of a worker, Gunicorn opens and unlinks a heartbeat file "wgunicorn-…" (close-on-exec). The
// master keeps those of all its workers, each worker keeps its own only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "procfs/procfs.h"
#include "result.h"

namespace gunicorn {

// What /proc shows of a process that bears on the question.
struct ProcessFacts {
    pid_t pid = 0;
    pid_t parent = 0;
    std::uint64_t start_ticks = 0;          // see procfs::Stat
    std::uint64_t stack_start = 0;          // see procfs::Stat
    procfs::FileId program;                 // the executable
    bool handles_arbiter_signals = false;   // as Gunicorn's Arbiter does; its workers and the dirty arbiter do not
    std::vector<procfs::FileId> heartbeats; // ascending, each once
};

Result<ProcessFacts> facts_of(const procfs::ProcFs& proc, pid_t pid);

// All processes that hold a heartbeat file, and their parents, in order of start.
std::vector<ProcessFacts> candidates(const procfs::ProcFs& proc);

// `child` has not called execve() since its parent, if that is `parent`, forked it.
bool is_fork_of(const ProcessFacts& child, const ProcessFacts& parent);

// The heartbeat file of a worker of `master`: the only one that it holds, and one of its master's. Nothing for all
// other processes, and for a worker's first milliseconds (it holds its siblings', too) and last (it closed its own).
std::optional<procfs::FileId> worker_heartbeat(const ProcessFacts& child, const ProcessFacts& master);

// `process` may be a master as far as its origin and signals tell. The fork of a master is none: that is a worker,
// a hook's process or the dirty arbiter, which keeps heartbeat files of its own for its own workers.
bool may_be_master(const ProcessFacts& process, const ProcessFacts* parent);

struct FoundWorker {
    ProcessFacts traits;
    procfs::FileId heartbeat;
};

struct MasterWithWorkers {
    ProcessFacts master;
    std::optional<pid_t> predecessor; // the master that forked this one, which then called execve() (SIGUSR2)
    std::vector<FoundWorker> workers; // at least one; in order of start
};

// Masters with their workers, in order of the masters' start. `processes` as from candidates(), in any order.
std::vector<MasterWithWorkers> recognise(const std::vector<ProcessFacts>& processes);

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// The processes of one Gunicorn, and which numbers live in their PID namespace.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "multiprocess/metric.h"
#include "procfs/procfs.h"

namespace multiprocess {

struct Processes {
    pid_t target = 0;        // by which it is known, whatever lives
    Labels labels;           // appended to its series
    std::vector<pid_t> pids; // living masters and workers, as our /proc counts
};

// Numbers as the application itself has them. Looked up when it is first asked for, then for this scrape.
class LivePids {
public:
    LivePids(const procfs::ProcFs& proc, const Processes& processes) : proc_(proc), processes_(processes) {}

    // Whether a process of that number lives in the namespace of these processes. True for what is no number: it cannot
    // be told then.
    bool has(const std::string& pid);

private:
    bool lives(pid_t pid) const;
    void add(std::set<pid_t>& numbers, pid_t pid) const;

    const procfs::ProcFs& proc_;
    const Processes& processes_;
    std::optional<std::set<pid_t>> own_;        // of these processes
    std::optional<std::set<pid_t>> namespaces_; // of all in the namespace
};

} // namespace multiprocess

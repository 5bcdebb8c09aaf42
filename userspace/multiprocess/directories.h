// SPDX-License-Identifier: BSD-2-Clause
// Where a target's files are: in the directories of those that its processes have mapped. Before one has, what their
// environment says; a variable that Python itself sets does not show there.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "multiprocess/processes.h"
#include "procfs/procfs.h"

namespace multiprocess {

class Directories {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Directories(const procfs::ProcFs& proc) : proc_(proc) {}

    struct Place {
        std::string path;        // as these processes have it
        std::vector<pid_t> pids; // below whose roots it is; one may have ended since, and has none any more
    };

    // Each path once. A process is looked at when it is new, then less and less often, once a minute in the end: most
    // applications have no such files, and looking at a process's mappings makes it wait for some microseconds if it
    // changes them at that moment. At most `most_looks` are looked at in one call.
    std::vector<Place> of(const Processes& processes, Time now, std::size_t& most_looks);

private:
    struct Seen {
        Time next{};
        std::chrono::seconds interval{1};
        std::vector<std::string> mapped;
        std::string environment;
        bool looked = false;
    };

    void look(Seen& seen, pid_t pid, Time now) const;
    std::string named_in_environment(pid_t pid) const;

    const procfs::ProcFs& proc_;
    std::map<pid_t, Seen> seen_;
    std::vector<std::string> known_; // the paths of what was mapped last
};

} // namespace multiprocess

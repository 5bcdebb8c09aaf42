// SPDX-License-Identifier: BSD-2-Clause
// The application's own metrics, read when they are asked for. Keeps no file open.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "multiprocess/directories.h"
#include "multiprocess/directory_reader.h"
#include "multiprocess/limits.h"
#include "multiprocess/metric.h"
#include "multiprocess/offered.h"
#include "multiprocess/processes.h"
#include "multiprocess/series_table.h"
#include "procfs/procfs.h"

namespace multiprocess {

// Not thread-safe, but for no thread in particular.
class Collector {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;
    using Tell = std::function<void(const std::string&)>;

    // `reserved`: names that the application's metrics must not have. `tell` gets a sentence for each kind of refusal,
    // once.
    Collector(const procfs::ProcFs& proc, Names reserved, Tell tell, Limits limits = {},
              Clock clock = std::chrono::steady_clock::now);

    // A directory that two targets share is the first one's: its values would be added up twice.
    Exposed collect(std::span<const Processes> targets);

private:
    struct Target {
        explicit Target(const procfs::ProcFs& proc, const Limits& limits) : directories(proc), table(limits.keys) {}

        Directories directories;
        SeriesTable table;
        std::map<procfs::FileId, DirectoryReader> readers; // by directory
        FileRefusals refused_files;
        bool had_directory = false;
    };

    Offer offer(Target& target, const Processes& processes, std::set<procfs::FileId>& taken, std::size_t& most_looks,
                TargetFiles& summary);
    void tell_once(std::string sentence);

    const procfs::ProcFs& proc_;
    Names reserved_;
    Tell tell_;
    Limits limits_;
    Clock clock_;
    std::map<pid_t, Target> targets_;
    std::set<std::string> told_;
};

} // namespace multiprocess

// SPDX-License-Identifier: BSD-2-Clause
// Memory, CPU and file descriptors of every living master and worker, read from /proc at regular intervals, whether it
// is busy or idle.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "event/event.h"
#include "gunicorn/process_tree.h"
#include "model/snapshot.h"
#include "procfs/procfs.h"

namespace model {

struct Sample {
    event::Slot slot = 0;
    pid_t pid = 0;
    ProcessUse use;
    std::optional<double> cpu_percent; // since the sample before; 100 is one core; nothing for a first one
    std::optional<CpuTime> cpu_time;
};

// Of a master. It has no percentage.
struct MasterSample {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    ProcessUse use;
};

class Sampler {
public:
    using Clock = std::function<std::chrono::nanoseconds()>; // monotonic

    Sampler(const procfs::ProcFs& proc, Clock clock);

    // One sample for each living worker that has a slot, to be given to Model::set_sample(). A worker that cannot be
    // read, or whose pid has become another process's, has a sample without values.
    std::vector<Sample> sample(const std::vector<gunicorn::Master>& masters);

    // To be called several times a second: does not leave a new worker without values for a whole interval. A first
    // sample for each worker that has none, and a second reading of its CPU as soon as that says something.
    std::vector<Sample> sample_new(const std::vector<gunicorn::Master>& masters);

    // What the last call has left known of the living masters, to be given to Model::set_masters().
    std::vector<MasterSample> masters() const;

private:
    struct Process { // a pid alone may be used again between two samples
        pid_t pid;
        std::uint64_t start_ticks;
        auto operator<=>(const Process&) const = default;
    };

    struct Reading {
        Sample sample;
        std::chrono::nanoseconds at;
        bool early; // by sample_new(): the next one may follow too soon to be compared with it
    };

    std::optional<Reading> read(const gunicorn::Worker& worker) const;
    void sample_master(const gunicorn::Master& master, std::map<Process, ProcessUse>& known) const;
    // From the start of an interval to its end.
    static std::optional<double> percent(const Reading& from, const CpuTime& to, std::chrono::nanoseconds at);

    const procfs::ProcFs& proc_;
    Clock clock_;
    std::map<Process, Reading> last_;
    std::map<Process, ProcessUse> masters_;
};

} // namespace model

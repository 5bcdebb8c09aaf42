// SPDX-License-Identifier: BSD-2-Clause
// Memory and CPU of every living worker, read from /proc at regular intervals, whether it is busy or idle.
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
#include "procfs/procfs.h"

namespace model {

struct Sample {
    event::Slot slot;
    std::optional<std::uint64_t> memory_bytes; // resident set
    std::optional<std::uint32_t> threads;      // of the operating system
    std::optional<double> cpu_percent;         // since the sample before; 100 is one core; nothing for a first one
};

class Sampler {
public:
    using Clock = std::function<std::chrono::nanoseconds()>; // monotonic

    Sampler(const procfs::ProcFs& proc, Clock clock);

    // One sample for each living worker that has a slot, to be given to Model::set_sample(). A worker that cannot be
    // read, or whose pid has become another process's, has a sample without values.
    std::vector<Sample> sample(const std::vector<gunicorn::Master>& masters);

private:
    struct Process { // a pid alone may be used again between two samples
        pid_t pid;
        std::uint64_t start_ticks;
        auto operator<=>(const Process&) const = default;
    };

    struct CpuReading {
        std::uint64_t ticks;
        std::chrono::nanoseconds at;
    };

    Sample sample(const gunicorn::Worker& worker, std::map<Process, CpuReading>& readings) const;

    const procfs::ProcFs& proc_;
    Clock clock_;
    std::map<Process, CpuReading> last_;
};

} // namespace model

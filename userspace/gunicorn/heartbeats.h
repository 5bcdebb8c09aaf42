// SPDX-License-Identifier: BSD-2-Clause
// How long ago each worker gave its last sign of life.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "event/event.h"
#include "gunicorn/master.h"
#include "procfs/procfs.h"

namespace gunicorn {

// A worker touches its heartbeat file: around each request and at least every half timeout (sync), else every second.
// Up to Gunicorn 20 by fchmod(), later by utime(), with a time of its own for mtime; either sets the file's ctime,
// which is the wall-clock time of the last touch. The master looks at the same file and ends a worker that did not
// touch it within --timeout.
class Heartbeats {
public:
    using Clock = std::function<std::chrono::system_clock::time_point()>;

    // `proc` must outlive this.
    Heartbeats(const procfs::ProcFs& proc, Clock clock) : proc_(proc), clock_(std::move(clock)) {}

    // Keyed by slot, for each living worker that has one and whose file can be read. Not negative, also when the clock
    // was set back. Costs one stat(2) per worker once a worker's descriptor is known.
    std::map<event::Slot, std::chrono::nanoseconds> ages(const std::vector<Master>& masters);

private:
    struct Process { // a pid alone may be used again
        pid_t pid;
        std::uint64_t start_ticks;
        auto operator<=>(const Process&) const = default;
    };

    // The descriptor of the worker's heartbeat file, and what it is like now.
    struct Found {
        int fd;
        std::chrono::system_clock::time_point touched;
    };
    std::optional<Found> look(const Worker& worker) const;
    std::optional<Found> look(const Worker& worker, int fd) const;

    const procfs::ProcFs& proc_;
    Clock clock_;
    std::map<Process, int> descriptors_;
};

} // namespace gunicorn

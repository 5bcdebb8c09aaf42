// SPDX-License-Identifier: BSD-2-Clause
// An observer that is kept up to date by an event loop: what every observing command runs.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "commands/event_loop.h"
#include "commands/privileges.h"
#include "observer/observer.h"
#include "procfs/procfs.h"
#include "result.h"

namespace commands {

// The loop's actions use the observer, so both live and end together. Nothing happens until loop->run().
struct Observation {
    std::unique_ptr<observer::Observer> observer;
    std::unique_ptr<EventLoop> loop;
};

// What the loop does besides observing, and what the command does later.
struct Upkeep {
    std::optional<std::chrono::milliseconds> sampling_interval; // of memory and CPU; nullopt: only once
    std::function<void()> drained;                              // called by the loop after each draining; or empty
    Plans plans;                                                // besides probes in interpreters
};

// Checks whether observing is possible (preflight), attaches, and schedules what an observer needs: draining records,
// sampling memory and CPU, looking for what events may have missed. Drops the privileges that are not needed any more,
// so the command must not have started threads yet. `proc` has to outlive the result.
// Errors: as preflight() and Observer::start() have them.
Result<Observation> observe(const procfs::ProcFs& proc, observer::Options options, Upkeep upkeep);

// Calls `over` when there was a Gunicorn and is none any more, and what its workers reported last has been taken in.
Result<void> when_over(EventLoop& loop, observer::Observer& observer, std::function<void()> over);

} // namespace commands

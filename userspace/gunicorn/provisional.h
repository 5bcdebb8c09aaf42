// SPDX-License-Identifier: BSD-2-Clause
// A fork of a master, or of what may be one, of which it is not known yet whether it is a worker.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "event/event.h"
#include "gunicorn/master.h"
#include "gunicorn/recognition.h"
#include "procfs/procfs.h"

namespace gunicorn {

// A process that called listen(): its forks are tracked in case it turns out to be a master.
struct Candidate {
    event::Slot slot = 0;
    ControlSignals control;
    std::optional<WallTime> missing_since;
    // Its facts when it had forked with a heartbeat file and the Arbiter's handlers.
    std::optional<ProcessFacts> arbiter;
};

enum class Verdict { worker, not_a_worker, undecided };

struct Provisional {
    pid_t parent = 0;
    Worker worker; // what it is if it is one
    event::KernelTime forked_at{};
    WallTime noticed_at;
    std::optional<event::Exited> exit; // it ended before it was confirmed
};

// An undecided fork keeps its younger siblings waiting for this long, since ages go by the order of forks.
inline constexpr std::chrono::milliseconds kHoldsSiblingsBack{1000};

// A fork that nothing explains by then is no worker: that one is recognisable as soon as Python has run a few lines.
inline constexpr std::chrono::milliseconds kConfirmTimeout{5000};

// So long after an unconfirmed process has ended, the worker that was being forked meanwhile is known.
inline constexpr std::chrono::milliseconds kAppearsWithin{200};

// Looks at a living process in /proc and notes what a confirmed worker needs (heartbeat, start_ticks).
// `parent`: nothing when it cannot be read.
Verdict judge_living(const procfs::ProcFs& proc, Provisional& fork, const std::optional<ProcessFacts>& parent,
                     const Master& master, WallTime now);

// A fork of a master that ended unconfirmed. One that accepted connections was a worker, whose life may be short when
// max_requests is low. Else there is nothing left to look at, so its end has to tell: workers that
// cannot boot, or are told to leave while their siblings cannot, end within milliseconds and with a status or a
// signal; hooks' processes that fork once more and leave (daemons) end with status 0.
Verdict judge_ended(const Provisional& fork);

// It ended as a worker that cannot boot does, which makes its master stop: there will be no other to prove that one.
bool could_not_boot(int wait_status);

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// Giving up what is not needed any more.
#pragma once

#include "result.h"

namespace commands {

// What a command does besides observing once the programs are attached.
struct Plans {
    // Probes are to be put into interpreters that appear later. For that the kernel asks for CAP_SYS_ADMIN (measured on
    // Linux 6.18: CAP_PERFMON does not do).
    bool probes_interpreters = false;
    bool listens = false;      // on a port that may be below 1024: CAP_NET_BIND_SERVICE
    bool writes_files = false; // at the end, perhaps in another user's directory: CAP_DAC_OVERRIDE
};

// For good: capabilities that neither observing needs once the programs are attached nor what is planned, all of the
// bounding, ambient and inheritable sets, and the way to new ones by execve(). What Capability::stays names is kept, as
// far as it is held; CAP_SYS_ADMIN also where it stands for one of those. Call it before threads are started: a thread
// has capabilities of its own. Masters and interpreters that appear later are still found.
Result<void> keep_only_what_is_needed(const Plans& plans);

} // namespace commands

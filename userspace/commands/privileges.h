// SPDX-License-Identifier: BSD-2-Clause
// Drops privileges that are not needed any more.
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

// Drops for good every capability that is needed neither for observing, once the programs are attached, nor for
// `plans`; empties the bounding, ambient and inheritable sets; and rules out new ones by execve(). Capabilities marked
// with Capability::stays are kept if they are held; CAP_SYS_ADMIN also where it stands for one of those. Call it before
// threads are started: a thread has capabilities of its own. Masters and interpreters that appear later are still
// found.
Result<void> drop_privileges(const Plans& plans);

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
// What processes have taken of the machine, by /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

#include "model/snapshot.h"
#include "procfs/procfs.h"

namespace model {

std::chrono::nanoseconds time_of_ticks(std::uint64_t ticks);

// The caller makes sure that the process is the one that is meant.
ProcessUse use_of(const procfs::ProcFs& proc, pid_t pid);

// Reads what the exporter itself uses.
class OwnProcess {
public:
    // `proc` must outlive this.
    explicit OwnProcess(const procfs::ProcFs& proc);

    // Nothing if this /proc does not show the exporter.
    std::optional<OwnUse> read() const;

private:
    const procfs::ProcFs& proc_;
    pid_t pid_ = 0;
    double started_ = 0; // determined once, so that a clock that is set does not look like a restart
};

} // namespace model

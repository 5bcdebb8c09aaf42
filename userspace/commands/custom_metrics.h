// SPDX-License-Identifier: BSD-2-Clause
// The application's own metrics of a snapshot's targets.
#pragma once

#include <optional>
#include <string>

#include "application/collector.h"
#include "model/snapshot.h"
#include "procfs/procfs.h"

namespace commands {

// Reads files: for the thread that answers, not for the one that observes. Not thread-safe.
class CustomMetrics {
public:
    explicit CustomMetrics(const procfs::ProcFs& proc);

    // Adds them to the snapshot. Those of the targets that live; whoever has ended has no files any more.
    void add_to(model::Snapshot& snapshot);

private:
    application::Collector collector_;
};

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
// The application's own metrics of a snapshot's targets.
#pragma once

#include <optional>
#include <string>

#include "model/snapshot.h"
#include "multiprocess/collector.h"
#include "procfs/procfs.h"

namespace commands {

// Reads files, so it belongs to the thread that answers requests, not to the event loop. Not thread-safe.
class CustomMetrics {
public:
    explicit CustomMetrics(const procfs::ProcFs& proc);

    // Adds the metrics of the targets that are alive; those of ended ones are not read any more.
    void add_to(model::Snapshot& snapshot);

private:
    multiprocess::Collector collector_;
};

} // namespace commands

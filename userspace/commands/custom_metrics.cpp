// SPDX-License-Identifier: BSD-2-Clause
#include "commands/custom_metrics.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

#include "metrics/custom_writer.h"

namespace commands {
namespace {

multiprocess::Processes processes_of(const model::Target& target) {
    multiprocess::Processes processes{target.master_pid, target.labels, target.masters};
    std::ranges::sort(processes.labels);
    for (const auto& worker : target.workers)
        if (worker.gauges) processes.pids.push_back(worker.pid);
    return processes;
}

} // namespace

CustomMetrics::CustomMetrics(const procfs::ProcFs& proc)
    : collector_(proc, metrics::reserved_names(), [](const std::string& sentence) { spdlog::warn("{}", sentence); }) {}

void CustomMetrics::add_to(model::Snapshot& snapshot) {
    std::vector<multiprocess::Processes> targets;
    for (const auto& target : snapshot.targets) targets.push_back(processes_of(target));
    snapshot.custom = collector_.collect(targets);
}

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
#include "observer/serving.h"

#include <algorithm>
#include <map>

#include "observer/observer.h"

namespace observer {

std::vector<stacks::Target> threads_of(std::span<const event::InFlight> requests, const gunicorn::ProcessTree& tree) {
    std::map<std::uint32_t, stacks::Target> by_thread;
    for (const auto& request : requests) {
        const auto* worker = tree.worker_of_slot(request.slot);
        if (worker == nullptr) continue;
        const stacks::Target target{worker->pid, static_cast<pid_t>(request.thread), request.since};
        const auto [known, is_new] = by_thread.emplace(request.thread, target);
        if (!is_new) known->second.since = std::min(known->second.since, target.since);
    }
    std::vector<stacks::Target> targets;
    for (const auto& [thread, target] : by_thread) targets.push_back(target);
    return targets;
}

std::vector<stacks::Target> Observer::serving() const { return threads_of(probe_->in_flight(), tree_); }

} // namespace observer

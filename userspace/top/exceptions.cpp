// SPDX-License-Identifier: BSD-2-Clause
#include "top/exceptions.h"

#include <map>
#include <utility>

namespace top {

namespace {

using Errors = std::map<model::ErrorKey, std::uint64_t>;

// By pid within a target: an id may be corrected, and a pid is not used again within an interval.
const Errors* errors_of(const model::Snapshot& snapshot, pid_t master, pid_t worker) {
    for (const auto& target : snapshot.targets) {
        if (target.master_pid != master) continue;
        for (const auto& each : target.workers)
            if (each.pid == worker) return &each.errors;
    }
    return nullptr;
}

} // namespace

void LastExceptions::take(const model::Snapshot& before, const model::Snapshot& now) {
    for (const auto& target : now.targets) {
        for (const auto& worker : target.workers) {
            const auto* known = errors_of(before, target.master_pid, worker.pid);
            for (const auto& [key, count] : worker.errors) {
                const auto then = known ? known->find(key) : worker.errors.end();
                const auto had = known && then != known->end() ? then->second : 0;
                if (count <= had) continue;
                seen_.push_front({now.taken_at, target.master_pid, worker.id, key.error_type, key.method, key.endpoint,
                                  count - had});
            }
        }
    }
    while (seen_.size() > most_) seen_.pop_back();
}

} // namespace top

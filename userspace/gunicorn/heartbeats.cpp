// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/heartbeats.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace gunicorn {

std::optional<Heartbeats::Found> Heartbeats::look(const Worker& worker, int fd) const {
    const auto state = proc_.file_state(worker.pid, fd);
    if (!state || state->id != worker.heartbeat) return std::nullopt;
    return Found{fd, state->changed};
}

std::optional<Heartbeats::Found> Heartbeats::look(const Worker& worker) const {
    const auto known = descriptors_.find({worker.pid, worker.start_ticks});
    if (known != descriptors_.end()) {
        if (const auto found = look(worker, known->second)) return found;
    }
    const auto files = proc_.open_files(worker.pid, "wgunicorn-");
    if (!files) return std::nullopt;
    for (const auto& file : *files) {
        if (const auto found = look(worker, file.fd)) return found;
    }
    return std::nullopt;
}

std::map<event::Slot, std::chrono::nanoseconds> Heartbeats::ages(const std::vector<Master>& masters) {
    std::map<event::Slot, std::chrono::nanoseconds> ages;
    std::map<Process, int> descriptors;
    for (const auto& master : masters) {
        for (const auto& worker : master.workers) {
            if (worker.death || worker.slot == 0) continue;
            const auto found = look(worker);
            if (!found) continue;
            descriptors[{worker.pid, worker.start_ticks}] = found->fd;
            ages[worker.slot] =
                std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{clock_() - found->touched});
        }
    }
    descriptors_ = std::move(descriptors);
    return ages;
}

} // namespace gunicorn

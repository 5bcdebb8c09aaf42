// SPDX-License-Identifier: BSD-2-Clause
// What is kept of workers and masters that have ended, for how long and how many of them.
#include <algorithm>
#include <utility>

#include "gunicorn/process_tree.h"

namespace gunicorn {
namespace {

// A crash loop of a death a second is listed as a whole for the usual retention time.
constexpr std::ptrdiff_t kMaxDeadWorkers = 256; // of one master
constexpr std::ptrdiff_t kMaxDeadMasters = 128;

bool is_dead(const Worker& worker) { return worker.death.has_value(); }

// The counts of a worker are in the kernel or, once its slot was released, in user space.
Request end_of(const Worker& worker) {
    if (worker.slot != 0) return {Request::Kind::release, worker.pid, 0, worker.slot};
    return {.kind = Request::Kind::forget, .retained = worker.retained};
}

void drop(const Worker& worker, std::vector<Request>& requests) {
    if (worker.slot != 0 || worker.retained != 0) requests.push_back(end_of(worker));
}

void drop(const Master& master, std::vector<Request>& requests) {
    for (const auto& worker : master.workers) drop(worker, requests);
    if (master.slot != 0) requests.push_back({Request::Kind::release, master.pid, 0, master.slot});
}

// Those of them that end the list when the last to end stand first.
template <typename Listed, typename Ended>
std::uint64_t drop_surplus(std::vector<Listed>& listed, std::ptrdiff_t most, const Ended& ended,
                           std::vector<Request>& requests) {
    std::vector<WallTime> ends;
    for (const auto& each : listed)
        if (const auto end = ended(each)) ends.push_back(*end);
    auto surplus = std::ssize(ends) - most;
    if (surplus <= 0) return 0;
    std::ranges::nth_element(ends, ends.begin() + surplus);
    const auto first_kept = ends[static_cast<std::size_t>(surplus)];
    return std::erase_if(listed, [&](const Listed& each) {
        const auto end = ended(each);
        if (!end || *end >= first_kept || surplus-- <= 0) return false;
        drop(each, requests);
        return true;
    });
}

} // namespace

bool ProcessTree::awaits_workers(const Master& master) const {
    return !std::ranges::all_of(master.workers, is_dead) ||
           std::ranges::any_of(provisional_, [&](const Provisional& fork) { return fork.parent == master.pid; });
}

std::vector<Request> ProcessTree::departed() const {
    Requests requests;
    for (const auto& master : masters_) {
        for (const auto& worker : master.workers)
            if (is_dead(worker) && worker.slot != 0) requests.push_back(end_of(worker));
        if (!master.alive && master.slot != 0 && !awaits_workers(master))
            requests.push_back({Request::Kind::release, master.pid, 0, master.slot});
    }
    return requests;
}

bool ProcessTree::retain(event::Slot slot, std::uint64_t retained) {
    for (auto& master : masters_) {
        if (!master.alive && master.slot == slot) master.slot = 0;
        for (auto& worker : master.workers) {
            if (!is_dead(worker) || worker.slot != slot) continue;
            worker.slot = 0;
            worker.retained = retained;
            return true;
        }
    }
    return false;
}

std::vector<Request> ProcessTree::forget_dead(bool at_once) {
    Requests requests;
    const auto now = clock_();
    const auto over = [&](WallTime end) { return at_once || now - end >= options_.retention; };
    const auto end_of_worker = [](const Worker& worker) {
        return worker.death ? std::optional(worker.death->at) : std::nullopt;
    };
    for (auto& master : masters_) {
        std::erase_if(master.workers, [&](const Worker& worker) {
            if (!worker.death || !over(worker.death->at)) return false;
            drop(worker, requests);
            return true;
        });
        dropped_ += drop_surplus(master.workers, kMaxDeadWorkers, end_of_worker, requests);
    }
    std::erase_if(masters_, [&](const Master& master) {
        if (master.alive || !master.workers.empty() || awaits_workers(master) || !over(*master.ended_at)) return false;
        drop(master, requests);
        return true;
    });
    dropped_ += drop_surplus(
        masters_, kMaxDeadMasters,
        [&](const Master& master) { return master.alive || awaits_workers(master) ? std::nullopt : master.ended_at; },
        requests);
    return requests;
}

} // namespace gunicorn

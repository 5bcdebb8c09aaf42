// SPDX-License-Identifier: BSD-2-Clause
#include "model/sampler.h"

#include <utility>

namespace model {
namespace {

// 100 is one core. `from` and `to` are readings of one process.
std::optional<double> percent(std::uint64_t from_ticks, std::uint64_t to_ticks, std::chrono::nanoseconds interval) {
    if (to_ticks < from_ticks || interval.count() <= 0) return std::nullopt;
    const auto busy =
        static_cast<double>(to_ticks - from_ticks) / static_cast<double>(procfs::ProcFs::ticks_per_second());
    return 100 * busy / std::chrono::duration<double>(interval).count();
}

} // namespace

Sampler::Sampler(const procfs::ProcFs& proc, Clock clock) : proc_(proc), clock_(std::move(clock)) {}

// Memory first: when the start that is read last is still the worker's, all of it was the worker's.
Sample Sampler::sample(const gunicorn::Worker& worker, std::map<Process, CpuReading>& readings) const {
    const Sample nothing{worker.slot, std::nullopt, std::nullopt, std::nullopt};
    const auto status = proc_.status(worker.pid);
    const auto stat = proc_.stat(worker.pid);
    const auto now = clock_();
    if (!stat || stat->start_ticks != worker.start_ticks) return nothing;

    auto sample = nothing;
    if (status) {
        sample.memory_bytes = status->resident_bytes;
        if (status->threads) sample.threads = status->threads;
    }
    const Process process{worker.pid, worker.start_ticks};
    if (const auto last = last_.find(process); last != last_.end())
        sample.cpu_percent = percent(last->second.ticks, stat->cpu_ticks, now - last->second.at);
    readings[process] = {stat->cpu_ticks, now};
    return sample;
}

std::vector<Sample> Sampler::sample(const std::vector<gunicorn::Master>& masters) {
    std::vector<Sample> samples;
    std::map<Process, CpuReading> readings;
    for (const auto& master : masters)
        for (const auto& worker : master.workers)
            if (!worker.death && worker.slot != 0) samples.push_back(sample(worker, readings));
    last_ = std::move(readings);
    return samples;
}

} // namespace model

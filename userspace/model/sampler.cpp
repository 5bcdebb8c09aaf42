// SPDX-License-Identifier: BSD-2-Clause
#include "model/sampler.h"

#include <utility>

#include "model/process_use.h"

namespace model {
namespace {

// The kernel counts in hundredths of a second: over less, they say little.
constexpr std::chrono::milliseconds kFirstInterval{750};

CpuTime cpu_time(const procfs::Stat& stat) {
    return {time_of_ticks(stat.user_ticks), time_of_ticks(stat.system_ticks)};
}

std::vector<const gunicorn::Worker*> observed_workers(const std::vector<gunicorn::Master>& masters) {
    std::vector<const gunicorn::Worker*> workers;
    for (const auto& master : masters)
        for (const auto& worker : master.workers)
            if (!worker.death && worker.slot != 0) workers.push_back(&worker);
    return workers;
}

} // namespace

Sampler::Sampler(const procfs::ProcFs& proc, Clock clock) : proc_(proc), clock_(std::move(clock)) {}

// 100 is one core. Both are readings of one process.
std::optional<double> Sampler::percent(const Reading& from, const CpuTime& to, std::chrono::nanoseconds at) {
    const auto interval = at - from.at;
    if (interval.count() <= 0 || (from.early && interval < kFirstInterval)) return std::nullopt;
    const auto& since = *from.sample.cpu_time;
    const auto busy = to.user + to.system - since.user - since.system;
    if (busy.count() < 0) return std::nullopt;
    return 100 * static_cast<double>(busy.count()) / static_cast<double>(interval.count());
}

void Sampler::sample_master(const gunicorn::Master& master, std::map<Process, ProcessUse>& known) const {
    const auto use = use_of(proc_, master.pid);
    const auto stat = proc_.stat(master.pid);
    if (stat && stat->start_ticks == master.start_ticks) known.insert_or_assign({master.pid, master.start_ticks}, use);
}

std::vector<MasterSample> Sampler::masters() const {
    std::vector<MasterSample> samples;
    samples.reserve(masters_.size());
    for (const auto& [process, use] : masters_) samples.push_back({process.pid, process.start_ticks, use});
    return samples;
}

// The start last: when it is still the worker's, all that was read before was the worker's.
std::optional<Sampler::Reading> Sampler::read(const gunicorn::Worker& worker) const {
    const auto use = use_of(proc_, worker.pid);
    const auto stat = proc_.stat(worker.pid);
    const auto now = clock_();
    if (!stat || stat->start_ticks != worker.start_ticks) return std::nullopt;
    const Sample sample{.slot = worker.slot, .pid = worker.pid, .use = use, .cpu_time = cpu_time(*stat)};
    return Reading{sample, now, false};
}

std::vector<Sample> Sampler::sample(const std::vector<gunicorn::Master>& masters) {
    std::vector<Sample> samples;
    std::map<Process, Reading> readings;
    for (const auto* worker : observed_workers(masters)) {
        auto reading = read(*worker);
        if (!reading) {
            samples.push_back({.slot = worker->slot, .pid = worker->pid});
            continue;
        }
        const Process process{worker->pid, worker->start_ticks};
        if (const auto last = last_.find(process); last != last_.end())
            reading->sample.cpu_percent = percent(last->second, *reading->sample.cpu_time, reading->at);
        samples.push_back(reading->sample);
        readings.insert_or_assign(process, *reading);
    }
    last_ = std::move(readings);
    std::map<Process, ProcessUse> known;
    for (const auto& master : masters)
        if (master.alive) sample_master(master, known);
    masters_ = std::move(known);
    return samples;
}

// The first reading stays what the next regular one is compared with: that covers its interval.
std::vector<Sample> Sampler::sample_new(const std::vector<gunicorn::Master>& masters) {
    std::vector<Sample> samples;
    for (const auto* worker : observed_workers(masters)) {
        const Process process{worker->pid, worker->start_ticks};
        const auto last = last_.find(process);
        if (last == last_.end()) {
            auto reading = read(*worker);
            if (!reading) continue;
            reading->early = true;
            samples.push_back(reading->sample);
            last_.insert_or_assign(process, *reading);
        } else if (!last->second.sample.cpu_percent && clock_() - last->second.at >= kFirstInterval) {
            const auto stat = proc_.stat(worker->pid);
            if (!stat || stat->start_ticks != worker->start_ticks) continue;
            auto sample = last->second.sample;
            sample.cpu_time = cpu_time(*stat);
            sample.cpu_percent = percent(last->second, *sample.cpu_time, clock_());
            last->second.sample.cpu_percent = sample.cpu_percent;
            samples.push_back(sample);
        }
    }
    for (const auto& master : masters)
        if (master.alive && !masters_.contains({master.pid, master.start_ticks})) sample_master(master, masters_);
    return samples;
}

} // namespace model

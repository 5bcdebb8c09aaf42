// SPDX-License-Identifier: BSD-2-Clause
#include "commands/observation.h"

#include <utility>

#include "commands/preflight.h"

namespace commands {

namespace {

using namespace std::chrono_literals;

// Records wait in the ring for at most so long, and new processes for being recognised.
constexpr auto kDrainInterval = 50ms;
constexpr auto kSampleNewInterval = 250ms;
constexpr auto kTidyInterval = 5s;
constexpr auto kTargetInterval = 50ms;

Result<void> schedule(EventLoop& loop, observer::Observer& observer, Upkeep upkeep) {
    const auto drain = [&observer, drained = std::move(upkeep.drained)] {
        observer.drain();
        if (drained) drained();
    };
    TRY_VOID(loop.on_readable(observer.ring_fd(), drain));
    TRY_VOID(loop.every(kDrainInterval, drain));
    if (upkeep.sampling_interval) {
        TRY_VOID(loop.every(*upkeep.sampling_interval, [&] { observer.sample(); }));
        TRY_VOID(loop.every(kSampleNewInterval, [&] { observer.sample_new(); }));
    }
    return loop.every(kTidyInterval, [&] { observer.tidy(); });
}

} // namespace

Result<Observation> observe(const procfs::ProcFs& proc, observer::Options options, Upkeep upkeep) {
    TRY_VOID(preflight(proc));
    TRY(auto loop, EventLoop::create());
    upkeep.plans.probes_interpreters = options.unlogged_exceptions || options.imports;
    TRY(auto observer, observer::Observer::start(proc, std::move(options)));
    TRY_VOID(drop_privileges(upkeep.plans));
    TRY_VOID(schedule(*loop, *observer, std::move(upkeep)));
    return Observation{std::move(observer), std::move(loop)};
}

Result<void> when_over(EventLoop& loop, observer::Observer& observer, std::function<void()> over) {
    return loop.every(kTargetInterval, [&observer, over = std::move(over), seen = observer.has_targets()]() mutable {
        const bool alive = observer.has_targets();
        seen = seen || alive;
        if (!seen || alive) return;
        observer.drain();
        over();
    });
}

} // namespace commands

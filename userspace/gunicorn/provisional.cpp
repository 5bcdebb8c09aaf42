// SPDX-License-Identifier: BSD-2-Clause
// A fork of which it is not known yet whether it is a worker.
#include "gunicorn/provisional.h"

namespace gunicorn {
namespace {

using namespace std::chrono_literals;

// A worker class of one's own may keep the Arbiter's signal handlers. After this time no other process holds its file:
// a process forked by the pre_fork hook would have met the worker there.
constexpr auto kKeepsHandlersFor = 2s;
// Longer than a worker could stay unconfirmed with a machine that is busy, shorter than what hooks start for good.
constexpr event::KernelTime kShortLivedMax = 1s;

} // namespace

Verdict judge_living(const procfs::ProcFs& proc, Provisional& fork, const std::optional<ProcessFacts>& parent,
                     const Master& master, WallTime now) {
    const auto waited = now - fork.noticed_at;
    const auto otherwise = waited >= kConfirmTimeout ? Verdict::not_a_worker : Verdict::undecided;
    const auto child = facts_of(proc, fork.worker.pid);
    if (!child || !parent) return otherwise;
    const auto heartbeat = worker_heartbeat(*child, *parent);
    if (!heartbeat || master.holds(*heartbeat)) return otherwise;
    if (child->handles_arbiter_signals && waited < kKeepsHandlersFor) return Verdict::undecided;
    fork.worker.heartbeat = *heartbeat;
    fork.worker.start_ticks = child->start_ticks;
    return Verdict::worker;
}

Verdict judge_ended(const Provisional& fork) {
    if (fork.exit->served) return Verdict::worker;
    const bool told = fork.exit->wait_status != 0 || fork.worker.signals.any();
    return told && fork.exit->at - fork.forked_at < kShortLivedMax ? Verdict::worker : Verdict::not_a_worker;
}

bool could_not_boot(int wait_status) {
    return WIFEXITED(wait_status) &&
           (WEXITSTATUS(wait_status) == kBootErrorStatus || WEXITSTATUS(wait_status) == kAppLoadErrorStatus);
}

} // namespace gunicorn

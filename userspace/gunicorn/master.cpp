// SPDX-License-Identifier: BSD-2-Clause
// A Gunicorn master and its workers.
#include "gunicorn/master.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace gunicorn {

std::string Worker::id() const { return fmt::format("worker_{}_{}", age, start); }

void Worker::note(const event::Signalled& event, WallTime wall, pid_t master, const ControlSignals& control) {
    if (!event.applied) return;
    signals.note(event, master, control);

    const bool quit = event.signal == SIGTERM || event.signal == SIGQUIT || event.signal == SIGINT;
    auto next = state;
    if (quit && state == State::running) next = State::quit;
    if (event.signal == SIGABRT && event.sender == master) next = State::abort;
    if (next == state) return;
    state = next;
    state_since = wall;
}

void Master::end(Worker& worker, int wait_status, WallTime at) {
    // The end of a worker is sometimes taken up after its master's, which came later.
    const MasterThen then{.alive = alive || (ended_at && at < *ended_at), .stopping = control.stopping()};
    const auto reason = reason_of(wait_status, worker.signals, then);
    worker.death = Death{at, reason, wait_status};
    ++exits[static_cast<std::size_t>(reason)];
    if (is_restart(reason, worker.signals, then)) ++restarts;
    control.note_end_of_worker(wait_status);
    age_check.ask_by(at + kArbiterNotices);
}

void Master::end(WallTime at) {
    alive = false;
    ended_at = at;
}

bool Master::holds(procfs::FileId heartbeat) const {
    return std::ranges::any_of(workers,
                               [&](const Worker& worker) { return !worker.death && worker.heartbeat == heartbeat; });
}

Facts Master::facts() const {
    auto facts = read_facts;
    facts["app"] = app;
    facts["age_source"] = age_source == AgeSource::arbiter ? "arbiter" : "fork_order";
    return facts;
}

} // namespace gunicorn

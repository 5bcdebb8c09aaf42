// SPDX-License-Identifier: BSD-2-Clause
// Why a worker ended, from its wait status and the signals that it and its master were sent. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "event/event.h"

namespace gunicorn {

// Gunicorn's Arbiter.WORKER_BOOT_ERROR and APP_LOAD_ERROR.
inline constexpr int kBootErrorStatus = 3;
inline constexpr int kAppLoadErrorStatus = 4;

// Why a worker ended. One name each in gunicorn_worker_exits_total{reason}; see name_of().
enum class ExitReason {
    oom,              // the kernel's out-of-memory killer
    timeout,          // no heartbeat: its master aborted it
    boot_error,       // status 3: raised before it served
    app_load_error,   // status 4: the application object is missing
    graceful_timeout, // told to leave, still there after graceful_timeout: its master killed it
    killed,           // SIGKILL from anyone else, such as a resource limit or the end of the PID namespace
    reload,           // told to leave because of SIGHUP to the master
    scale_down,       // … SIGTTOU to the master, or because it wants fewer workers (`worker remove`)
    shutdown,         // … the master is stopping
    winch,            // … SIGWINCH to a master that is a daemon
    master_term,      // … the master was not signalled: a hook, or `worker kill` of Gunicorn's control interface
    external_signal,  // TERM, QUIT, INT or HUP from another process
    crash,            // any other deadly signal
    self_exit,        // status 0 of its own accord: max_requests, --reload, sys.exit(0)
    orphan,           // status 0 after its master ended
    app_exit,         // any other status
};
inline constexpr std::size_t kExitReasons = 16;
std::string name_of(ExitReason reason);

// Why a master stops a worker.
enum class QuitCause { unknown, reload, scale_down, shutdown, winch };

// The control signals that a master was sent itself, the last of each kind.
class ControlSignals {
public:
    // A signal that was applied to the master. Those without a meaning for its workers are ignored.
    void note(int signal, event::KernelTime at);
    // A worker ended: with status 3 or 4 Gunicorn gives up and stops.
    void note_end_of_worker(int wait_status);

    bool stopping() const { return stopping_; }
    // Why the master stops a worker at the moment `at`.
    QuitCause cause_at(event::KernelTime at) const;

private:
    bool stopping_ = false; // a master that began to stop never serves again
    std::optional<event::KernelTime> reload_;
    std::optional<event::KernelTime> scale_down_;
    std::optional<event::KernelTime> winch_;
};

// The signals that a worker was sent.
struct SignalsSeen {
    enum class Killer { nobody, kernel, master, other };

    Killer killer = Killer::nobody; // of the first SIGKILL
    bool out_of_memory = false;     // the kernel chose it as a victim
    bool aborted_by_master = false; // SIGABRT
    bool quit_by_master = false;    // TERM, QUIT or INT
    QuitCause cause = QuitCause::unknown;
    bool quit_by_other = false; // TERM, QUIT, INT or HUP

    void note(const event::Signalled& event, pid_t master, const ControlSignals& control);
    // For a worker whose end was not reported: what these signals lead to.
    int likely_wait_status() const;
    bool any() const { return killer != Killer::nobody || aborted_by_master || quit_by_master || quit_by_other; }
};

// What had become of the master when its worker ended.
struct MasterThen {
    bool alive = true;
    bool stopping = false;
};

// `wait_status` as wait(2) has it. The first rule that matches decides.
ExitReason reason_of(int wait_status, const SignalsSeen& seen, const MasterThen& master);

// Whether the master has to replace the worker, as gunicorn_master_worker_restarts_total counts.
bool is_restart(ExitReason reason, const SignalsSeen& seen, const MasterThen& master);

} // namespace gunicorn

// SPDX-License-Identifier: BSD-2-Clause
// Why a worker ended.
#include "gunicorn/exit_reason.h"

#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>

namespace gunicorn {
namespace {

using namespace std::chrono_literals;

// From the signal to the master until it tells workers to leave: a reload first loads the application (--preload)
// and forks the new workers with pauses. Only Gunicorn's control socket could be mistaken for it meanwhile.
constexpr event::KernelTime kReactsWithin = 60s;
// A terminal sends SIGWINCH at every change of size and most masters ignore it, so it explains little.
constexpr event::KernelTime kWinchReactsWithin = 5s;

constexpr int kSentByKernel = 0x80; // SI_KERNEL

bool is_quit(int signal) { return signal == SIGTERM || signal == SIGQUIT || signal == SIGINT; }

bool within(const std::optional<event::KernelTime>& begin, event::KernelTime at, event::KernelTime window) {
    return begin && *begin <= at && at - *begin <= window;
}

ExitReason reason_to_quit(QuitCause cause, const MasterThen& master) {
    switch (cause) {
    case QuitCause::reload:
        return ExitReason::reload;
    case QuitCause::scale_down:
        return ExitReason::scale_down;
    case QuitCause::shutdown:
        return ExitReason::shutdown;
    case QuitCause::winch:
        return ExitReason::winch;
    case QuitCause::unknown:
        break;
    }
    return master.alive && !master.stopping ? ExitReason::master_term : ExitReason::shutdown;
}

} // namespace

std::string name_of(ExitReason reason) {
    static constexpr std::array<const char*, kExitReasons> kNames = {
        "oom",    "timeout",    "boot_error", "app_load_error", "graceful_timeout", "killed",
        "reload", "scale_down", "shutdown",   "winch",          "master_term",      "external_signal",
        "crash",  "self_exit",  "orphan",     "app_exit",
    };
    return kNames.at(static_cast<std::size_t>(reason));
}

void ControlSignals::note(int signal, event::KernelTime at) {
    if (is_quit(signal)) stopping_ = true;
    if (signal == SIGHUP) reload_ = at;
    if (signal == SIGTTOU) scale_down_ = at;
    if (signal == SIGWINCH) winch_ = at;
}

void ControlSignals::note_end_of_worker(int wait_status) {
    if (!WIFEXITED(wait_status)) return;
    const int status = WEXITSTATUS(wait_status);
    if (status == kBootErrorStatus || status == kAppLoadErrorStatus) stopping_ = true;
}

QuitCause ControlSignals::cause_at(event::KernelTime at) const {
    if (stopping_) return QuitCause::shutdown;
    const bool reload = within(reload_, at, kReactsWithin);
    const bool scale_down = within(scale_down_, at, kReactsWithin);
    if (reload && scale_down) return *reload_ > *scale_down_ ? QuitCause::reload : QuitCause::scale_down;
    if (reload) return QuitCause::reload;
    if (scale_down) return QuitCause::scale_down;
    return within(winch_, at, kWinchReactsWithin) ? QuitCause::winch : QuitCause::unknown;
}

void SignalsSeen::note(const event::Signalled& event, pid_t master, const ControlSignals& control) {
    if (!event.applied) return;
    const bool by_master = event.sender == master;
    if (event.signal == SIGABRT && by_master) aborted_by_master = true;
    if (event.signal == SIGKILL && killer == Killer::nobody) {
        // A master that is the init of its PID namespace takes it along when it ends, by the kernel's hand.
        const bool by_kernel = event.code == kSentByKernel && !by_master;
        killer = by_kernel ? Killer::kernel : by_master ? Killer::master : Killer::other;
    }
    if (is_quit(event.signal) && by_master && !quit_by_master) {
        quit_by_master = true;
        cause = control.cause_at(event.at); // the first one counts: later ones only hurry it
    }
    if ((is_quit(event.signal) || event.signal == SIGHUP) && !by_master) quit_by_other = true;
}

int SignalsSeen::likely_wait_status() const { return killer == Killer::nobody ? 0 : SIGKILL; }

ExitReason reason_of(int wait_status, const SignalsSeen& seen, const MasterThen& master) {
    const int deadly = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    const int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;

    if (deadly == SIGKILL && seen.out_of_memory && seen.killer != SignalsSeen::Killer::other) return ExitReason::oom;
    if (seen.aborted_by_master) return ExitReason::timeout;
    if (status == kBootErrorStatus && !seen.any()) return ExitReason::boot_error;
    if (status == kAppLoadErrorStatus) return ExitReason::app_load_error;
    if (deadly == SIGKILL)
        return seen.killer == SignalsSeen::Killer::master ? ExitReason::graceful_timeout : ExitReason::killed;
    if (seen.quit_by_master) return reason_to_quit(seen.cause, master);
    if (seen.quit_by_other || is_quit(deadly) || deadly == SIGHUP) {
        // A service manager signals the whole group at once; the master would have told this worker, too.
        return master.stopping ? ExitReason::shutdown : ExitReason::external_signal;
    }
    if (deadly != 0) return ExitReason::crash;
    if (status == 0) return master.alive ? ExitReason::self_exit : ExitReason::orphan;
    return ExitReason::app_exit;
}

bool is_restart(ExitReason reason, const SignalsSeen& seen, const MasterThen& master) {
    switch (reason) {
    case ExitReason::scale_down:
    case ExitReason::shutdown:
    case ExitReason::boot_error:
    case ExitReason::app_load_error:
    case ExitReason::winch:
    case ExitReason::orphan:
        return false;
    case ExitReason::reload:
        return master.alive; // its replacement was forked before it was told to leave
    default:
        break;
    }
    // It was to leave for good, whatever ended it then (graceful_timeout, for one).
    const bool not_wanted =
        seen.quit_by_master &&
        (seen.cause == QuitCause::scale_down || seen.cause == QuitCause::shutdown || seen.cause == QuitCause::winch);
    return master.alive && !master.stopping && !not_wanted;
}

} // namespace gunicorn

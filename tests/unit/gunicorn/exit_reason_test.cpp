// SPDX-License-Identifier: BSD-2-Clause
// Why a worker ended, row by row, and whether that counts as a restart.
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "gunicorn/exit_reason.h"

namespace gunicorn {
namespace {

using namespace std::chrono_literals;

constexpr pid_t kMaster = 10;
constexpr pid_t kWorker = 20;
constexpr pid_t kShell = 30;
constexpr int kCore = 0x80;

int status(int code) { return code << 8; }

struct Told {
    int signal;
    pid_t sender;
    int code = 0;
    bool applied = true;
};

struct Row {
    std::string name;
    int wait_status;
    std::vector<int> master_signals;
    std::vector<Told> worker_signals;
    ExitReason reason;
    bool restart;
    bool master_alive = true;
    bool out_of_memory = false;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class Exit : public testing::TestWithParam<Row> {};

TEST_P(Exit, HasTheReasonOfTheFirstRuleThatMatches) {
    const auto& row = GetParam();
    ControlSignals control;
    for (const auto signal : row.master_signals) control.note(signal, 100s);
    SignalsSeen seen;
    for (const auto& told : row.worker_signals)
        seen.note({1, kWorker, told.signal, told.code, told.applied, told.sender, 101s}, kMaster, control);
    seen.out_of_memory = row.out_of_memory;
    const MasterThen master{row.master_alive, control.stopping()};

    const auto reason = reason_of(row.wait_status, seen, master);
    EXPECT_EQ(name_of(reason), name_of(row.reason));
    EXPECT_EQ(is_restart(reason, seen, master), row.restart);
}

using enum ExitReason;

INSTANTIATE_TEST_SUITE_P(
    Rows, Exit,
    testing::Values(
        Row{"oom", SIGKILL, {}, {{SIGKILL, kWorker, 0x80}}, oom, true, true, true},
        Row{"oom_by_a_siblings_allocation", SIGKILL, {}, {{SIGKILL, 21, 0x80}}, oom, true, true, true},
        Row{"oom_by_its_masters_allocation", SIGKILL, {}, {{SIGKILL, kMaster, 0x80}}, oom, true, true, true},
        Row{"oom_whose_signal_was_lost", SIGKILL, {}, {}, oom, true, true, true},
        Row{"killed_before_it_was_chosen", SIGKILL, {}, {{SIGKILL, kShell}}, killed, true, true, true},
        Row{"cpu_limit_is_no_oom", SIGKILL, {}, {{SIGKILL, kWorker, 0x80}}, killed, true},
        Row{"end_of_its_namespace_is_no_oom", SIGKILL, {}, {{SIGKILL, 31, 0x80}}, killed, true},
        Row{"namespace_ends_with_its_init", SIGKILL, {}, {{SIGKILL, kMaster, 0x80}}, graceful_timeout, false, false},

        Row{"timeout_sync_20", status(1), {}, {{SIGABRT, kMaster}}, timeout, true},
        Row{"timeout_sync_22", status(0), {}, {{SIGABRT, kMaster}}, timeout, true},
        Row{"timeout_uvicorn", SIGABRT | kCore, {}, {{SIGABRT, kMaster}}, timeout, true},
        Row{"timeout_asgi", SIGKILL, {}, {{SIGABRT, kMaster}, {SIGKILL, kMaster}}, timeout, true},

        Row{"boot_error", status(3), {}, {}, boot_error, false},
        Row{"status_3_after_term", status(3), {SIGHUP}, {{SIGTERM, kMaster}}, reload, true},
        Row{"app_not_found", status(4), {}, {}, app_load_error, false},

        Row{"graceful_timeout_after_reload",
            SIGKILL,
            {SIGHUP},
            {{SIGTERM, kMaster}, {SIGKILL, kMaster}},
            graceful_timeout,
            true},
        Row{"graceful_timeout_at_shutdown",
            SIGKILL,
            {SIGINT},
            {{SIGQUIT, kMaster}, {SIGKILL, kMaster}},
            graceful_timeout,
            false},
        Row{"graceful_timeout_of_a_surplus_worker",
            SIGKILL,
            {SIGTTOU},
            {{SIGTERM, kMaster}, {SIGKILL, kMaster}},
            graceful_timeout,
            false},
        Row{"killed_by_a_shell", SIGKILL, {}, {{SIGKILL, kShell}}, killed, true},
        Row{"killed_unseen", SIGKILL, {}, {}, killed, true},
        Row{"first_sigkill_decides", SIGKILL, {}, {{SIGKILL, kShell}, {SIGKILL, kMaster}}, killed, true},
        Row{"killed_while_the_master_stops",
            SIGKILL,
            {SIGTERM},
            {{SIGTERM, kMaster}, {SIGKILL, kShell}},
            killed,
            false},

        Row{"reload", status(0), {SIGHUP}, {{SIGTERM, kMaster}}, reload, true},
        Row{"reload_with_repeated_term", SIGTERM, {SIGHUP}, {{SIGTERM, kMaster}, {SIGTERM, kMaster}}, reload, true},
        Row{"scale_down", status(0), {SIGTTOU}, {{SIGTERM, kMaster}}, scale_down, false},
        Row{"shutdown_by_term", status(0), {SIGTERM}, {{SIGTERM, kMaster}}, shutdown, false},
        Row{"shutdown_by_int", status(0), {SIGINT}, {{SIGQUIT, kMaster}}, shutdown, false},
        Row{"shutdown_by_quit", status(0), {SIGQUIT}, {{SIGQUIT, kMaster}}, shutdown, false},
        Row{"shutdown_uvicorn_raises_again",
            SIGTERM,
            {SIGTERM},
            {{SIGTERM, kMaster}, {SIGTERM, kWorker, -6}},
            shutdown,
            false},
        Row{"shutdown_after_reload", status(0), {SIGHUP, SIGTERM}, {{SIGTERM, kMaster}}, shutdown, false},
        Row{"master_gave_up_unasked", status(0), {}, {{SIGTERM, kMaster}}, shutdown, false, false},
        Row{"winch_of_a_daemon", status(0), {SIGWINCH}, {{SIGTERM, kMaster}}, winch, false},
        Row{"reload_in_a_terminal_that_is_resized", status(0), {SIGHUP, SIGWINCH}, {{SIGTERM, kMaster}}, reload, true},
        Row{"control_socket", status(0), {}, {{SIGTERM, kMaster}}, master_term, true},
        Row{"usr1_and_usr2_explain_nothing", status(0), {SIGUSR1, SIGUSR2}, {{SIGTERM, kMaster}}, master_term, true},

        Row{"term_from_outside", status(0), {}, {{SIGTERM, kShell}}, external_signal, true},
        Row{"hup_from_outside", SIGHUP, {}, {{SIGHUP, kShell}}, external_signal, true},
        Row{"term_to_itself", SIGTERM, {}, {{SIGTERM, kWorker, -6}}, external_signal, true},
        Row{"term_unseen", SIGTERM, {}, {}, external_signal, true},
        Row{"term_to_the_whole_group", status(0), {SIGTERM}, {{SIGTERM, kShell}}, shutdown, false},
        Row{"ctrl_c", status(0), {SIGINT}, {{SIGINT, kShell, 0x80}, {SIGQUIT, kMaster}}, shutdown, false},
        Row{"ignored_term_is_none", status(0), {}, {{SIGTERM, kShell, 0, false}}, self_exit, true},

        Row{"segmentation_fault", SIGSEGV | kCore, {}, {}, crash, true},
        Row{"abort_of_its_own", SIGABRT | kCore, {}, {{SIGABRT, kWorker, -6}}, crash, true},
        Row{"max_requests", status(0), {}, {}, self_exit, true},
        Row{"left_after_its_masters_death", status(0), {}, {}, orphan, false, false},
        Row{"sys_exit_5", status(5), {}, {}, app_exit, true},
        Row{"exit_7_after_its_masters_death", status(7), {}, {}, app_exit, false, false},
        Row{"usr1_changes_nothing", status(0), {}, {{SIGUSR1, kMaster}}, self_exit, true}),
    [](const auto& test) { return test.param.name; });

TEST(ExitReasons, HaveDistinctNames) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < kExitReasons; ++i) names.insert(name_of(static_cast<ExitReason>(i)));
    EXPECT_EQ(names.size(), kExitReasons);
    EXPECT_EQ(name_of(app_exit), "app_exit");
    EXPECT_EQ(name_of(oom), "oom");
}

TEST(ControlSignals, ExplainOnlyWhatFollowsSoon) {
    ControlSignals control;
    control.note(SIGHUP, 100s);
    EXPECT_EQ(control.cause_at(99s), QuitCause::unknown);
    EXPECT_EQ(control.cause_at(100s), QuitCause::reload);
    EXPECT_EQ(control.cause_at(160s), QuitCause::reload);
    EXPECT_EQ(control.cause_at(161s), QuitCause::unknown);
}

TEST(ControlSignals, TheLaterOneOfTwoExplains) {
    ControlSignals control;
    control.note(SIGHUP, 100s);
    control.note(SIGTTOU, 110s);
    EXPECT_EQ(control.cause_at(111s), QuitCause::scale_down);
    control.note(SIGHUP, 120s);
    EXPECT_EQ(control.cause_at(121s), QuitCause::reload);
}

TEST(ControlSignals, AWorkerThatCannotBootStopsTheMaster) {
    for (const int code : {3, 4}) {
        ControlSignals control;
        control.note_end_of_worker(status(code));
        EXPECT_TRUE(control.stopping()) << code;
        EXPECT_EQ(control.cause_at(1s), QuitCause::shutdown);
    }
    ControlSignals control;
    for (const int other : {status(0), status(1), status(5), 3, 4}) control.note_end_of_worker(other);
    EXPECT_FALSE(control.stopping());
}

} // namespace
} // namespace gunicorn

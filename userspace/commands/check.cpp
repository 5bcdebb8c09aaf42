// SPDX-License-Identifier: BSD-2-Clause
// Whether serving would work here, what would be measured, and why not the rest.
#include <fmt/format.h>
#include <locale.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "check/gunicorns.h"
#include "check/json.h"
#include "check/machine.h"
#include "check/measures.h"
#include "check/text.h"
#include "commands/command.h"
#include "commands/log_capture.h"
#include "commands/observer_options.h"
#include "commands/preflight.h"
#include "commands/write_all.h"
#include "errno_text.h"
#include "gunicorn/resolve_pid.h"
#include "observer/observer.h"
#include "probe/program_check.h"
#include "procfs/procfs.h"

namespace commands {

namespace {

struct CheckOptions {
    observer::Options observer;
    bool json = false;
};

const check::Finding* find(const check::Findings& findings, const char* name) {
    const auto found = std::ranges::find(findings.machine, name, &check::Finding::name);
    return found == findings.machine.end() ? nullptr : &*found;
}

bool is_missing(const check::Findings& findings, const char* name) {
    const auto* finding = find(findings, name);
    return finding != nullptr && finding->mark == check::Mark::fatal;
}

void look_at_machine(const procfs::ProcFs& proc, check::Findings& findings) {
    utsname system{};
    uname(&system);
    findings.machine = check::findings_of_machine(proc, "/sys", system.release, check::privileges_of_self(proc));
    for (const auto& finding : findings.machine) {
        if (finding.mark == check::Mark::fatal)
            findings.reasons.push_back(fmt::format("{} {}: {}", finding.name, finding.value, finding.effect));
    }
    if (is_missing(findings, "CAP_SYS_PTRACE"))
        findings.unlooked_at.emplace_back(
            "other users' Gunicorns, their versions and their Pythons: without CAP_SYS_PTRACE");
    if (is_missing(findings, "CAP_DAC_READ_SEARCH"))
        findings.unlooked_at.emplace_back("other users' processes: without CAP_DAC_READ_SEARCH");
}

// Loads each program alone, so that an error names its program.
void try_programs(check::Findings& findings) {
    for (const auto* capability : {"CAP_BPF", "CAP_PERFMON"}) {
        if (!is_missing(findings, capability)) continue;
        findings.programs_untried = fmt::format("without {} the kernel refuses all of them", capability);
        return;
    }
    findings.programs = probe::probe_programs();
    for (const auto& trial : findings.programs) {
        if (trial.error.empty()) continue;
        const auto option =
            trial.group == "core" ? std::string() : fmt::format(" (--no-collector.{} does without it)", trial.group);
        findings.reasons.push_back(fmt::format("the program {}{}: {}", trial.name, option, trial.error));
    }
}

// The way serving starts.
Result<model::Snapshot> observe_once(const procfs::ProcFs& proc, const observer::Options& options) {
    TRY_VOID(preflight(proc));
    TRY(auto observer, observer::Observer::start(proc, options));
    return observer->snapshot();
}

bool wants_colour() {
    const char* const refused = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    if (refused != nullptr && *refused != '\0') return false;
    return isatty(STDOUT_FILENO) && terminal != nullptr && std::string_view(terminal) != "dumb";
}

// 0 when serving would work, 1 when not. Error: --pid names something else than a Gunicorn.
Result<int> run_check(const CheckOptions& options) {
    setlocale(LC_CTYPE, "");  // which characters the terminal can show
    signal(SIGPIPE, SIG_IGN); // the reader may have seen enough
    const LogCapture log;     // what it would say is in the findings
    const procfs::ProcFs proc;
    check::Findings findings{.version = VERSION, .programs_untried = {}};
    look_at_machine(proc, findings);
    const auto masters = gunicorn::resolve_pids(proc, options.observer.pids);
    // Without the privileges, or in another PID namespace, a Gunicorn cannot be recognised: that is the answer then.
    if (!masters && findings.reasons.empty()) return std::unexpected(masters.error());
    if (!masters) findings.unlooked_at.emplace_back("whether --pid names a Gunicorn");
    try_programs(findings);
    const auto snapshot = observe_once(proc, options.observer);
    if (!snapshot && findings.reasons.empty()) findings.reasons.push_back(snapshot.error().text);
    if (masters) findings.gunicorns = check::find_gunicorns(proc, *masters, options.observer.log_directory);
    for (auto& gunicorn : findings.gunicorns) {
        if (snapshot) check::add_observed(gunicorn, *snapshot);
        gunicorn.measures = check::measures_of(gunicorn, findings.programs, findings.serving_would_work());
    }
    const auto text = options.json ? check::json_of(findings) : check::text_of(findings, wants_colour());
    if (!write_all(STDOUT_FILENO, text) && errno != EPIPE) return errno_failure("write to standard output", errno);
    return findings.serving_would_work() ? 0 : 1;
}

} // namespace

Command check_command() {
    const auto options = std::make_shared<CheckOptions>();
    return {.name = "check",
            .purpose = "Check whether the exporter would work here and what it would measure",
            .options = {pid_option(options->observer.pids, "Look at"),
                        log_directory_option(options->observer.log_directory),
                        {.name = "json", .purpose = "One JSON object instead of text", .target = &options->json}},
            .run = [options] { return run_check(*options); }};
}

} // namespace commands

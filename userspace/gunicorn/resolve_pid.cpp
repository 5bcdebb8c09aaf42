// SPDX-License-Identifier: BSD-2-Clause
// What --pid names.
#include "gunicorn/resolve_pid.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "gunicorn/recognition.h"

namespace gunicorn {
namespace {

// The command line, else the kernel's name; printable and short.
std::string description(const procfs::ProcFs& proc, pid_t pid) {
    constexpr std::size_t kMaxLength = 60;
    std::string text;
    if (const auto arguments = proc.command_line(pid)) text = fmt::format("{}", fmt::join(*arguments, " "));
    if (text.empty()) {
        if (const auto stat = proc.stat(pid)) text = stat->comm;
    }
    if (text.size() > kMaxLength) text = text.substr(0, kMaxLength) + "…";
    std::ranges::replace_if(text, [](unsigned char byte) { return byte < ' ' || byte == 0x7f || byte == '"'; }, '?');
    return text;
}

std::optional<pid_t> master_of(const std::vector<MasterWithWorkers>& families, pid_t pid) {
    for (const auto& family : families) {
        if (family.master.pid == pid) return pid;
        for (const auto& worker : family.workers) {
            if (worker.traits.pid == pid) return family.master.pid;
        }
    }
    return std::nullopt;
}

// What a process is that Gunicorn had a hand in, as the end of the sentence `--pid 1: "x" is …`.
std::optional<std::string> relation(const procfs::ProcFs& proc, const std::vector<MasterWithWorkers>& families,
                                    const ProcessFacts& process) {
    const auto master = master_of(families, process.parent);
    if (master && *master != process.parent)
        return fmt::format("a child of the Gunicorn worker {}, not a worker itself (use --pid {}, the master)",
                           process.parent, *master);
    const auto parent = facts_of(proc, process.parent);
    if (!parent) return std::nullopt;
    if (master && is_fork_of(process, *parent)) {
        const auto shared = [&](procfs::FileId file) { return std::ranges::binary_search(parent->heartbeats, file); };
        if (!process.heartbeats.empty() && std::ranges::none_of(process.heartbeats, shared))
            return fmt::format("Gunicorn's dirty arbiter, which serves no HTTP requests (use --pid {}, the master)",
                               *master);
        return fmt::format("a process forked by the Gunicorn master {}, not a worker (use --pid {})", *master, *master);
    }
    const auto above = master_of(families, parent->parent);
    if (above && *above == parent->parent && !process.heartbeats.empty() && is_fork_of(process, *parent))
        return fmt::format("Gunicorn's dirty worker, which serves no HTTP requests (use --pid {}, the master)", *above);
    return std::nullopt;
}

// Files of other users' processes, and memory of those with more capabilities, are shown to the privileged only.
bool is_closed_to_us(const procfs::ProcFs& proc, pid_t pid) { return !proc.program(pid) || !proc.open_files(pid); }

} // namespace

Result<pid_t> resolve_pid(const procfs::ProcFs& proc, pid_t pid) {
    const auto status = proc.status(pid);
    if (!status && !proc.exists(pid)) return fail(fmt::format("--pid {}: no such process", pid));
    if (!status) return fail(fmt::format("--pid {}: {}", pid, status.error().text));
    if (status->process != pid)
        return fail(fmt::format("--pid {}: is a thread of the process {}, not a process", pid, status->process));

    const auto families = recognise(candidates(proc));
    if (const auto master = master_of(families, pid)) return *master;

    const auto text = description(proc, pid);
    if (is_closed_to_us(proc, pid) && proc.exists(pid))
        return fail(fmt::format("--pid {}: what \"{}\" has open cannot be seen, so it cannot be told whether it is a "
                                "Gunicorn (needs CAP_SYS_PTRACE, and CAP_DAC_READ_SEARCH for other users' processes)",
                                pid, text));
    if (const auto process = facts_of(proc, pid)) {
        if (const auto related = relation(proc, families, *process))
            return fail(fmt::format("--pid {}: \"{}\" is {}", pid, text, *related));
    }
    return fail(fmt::format(
        "--pid {}: \"{}\" is not a Gunicorn (no process below it shares a wgunicorn heartbeat file)", pid, text));
}

Result<std::vector<pid_t>> resolve_pids(const procfs::ProcFs& proc, std::span<const pid_t> pids) {
    std::vector<pid_t> masters;
    for (const auto pid : pids) {
        TRY(const auto master, resolve_pid(proc, pid));
        if (std::ranges::find(masters, master) == masters.end()) masters.push_back(master);
    }
    return masters;
}

} // namespace gunicorn

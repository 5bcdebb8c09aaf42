// SPDX-License-Identifier: BSD-2-Clause
#include "model/process_use.h"

namespace model {

std::chrono::nanoseconds time_of_ticks(std::uint64_t ticks) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    return std::chrono::nanoseconds{ticks * (kSecond / procfs::ProcFs::ticks_per_second())};
}

// A zombie has no memory and no descriptors any more.
ProcessUse use_of(const procfs::ProcFs& proc, pid_t pid) {
    ProcessUse use;
    const auto status = proc.status(pid);
    if (!status) return use;
    if (status->threads) use.threads = status->threads;
    use.memory_bytes = status->resident_bytes;
    if (!status->resident_bytes) return use;
    if (const auto count = proc.open_file_count(pid)) use.open_fds = *count;
    if (const auto limit = proc.open_file_limit(pid)) use.max_fds = *limit;
    return use;
}

OwnProcess::OwnProcess(const procfs::ProcFs& proc) : proc_(proc) {
    const auto pid = proc.own_pid();
    const auto boot = proc.boot_time();
    const auto stat = pid ? proc.stat(*pid) : Result<procfs::Stat>{std::unexpected(pid.error())};
    if (!boot || !stat) return;
    pid_ = *pid;
    started_ = static_cast<double>(*boot) + std::chrono::duration<double>(time_of_ticks(stat->start_ticks)).count();
}

std::optional<OwnUse> OwnProcess::read() const {
    if (pid_ == 0) return std::nullopt;
    const auto stat = proc_.stat(pid_);
    if (!stat) return std::nullopt;
    return OwnUse{.use = use_of(proc_, pid_),
                  .cpu_time = time_of_ticks(stat->user_ticks + stat->system_ticks),
                  .virtual_bytes = stat->virtual_bytes,
                  .started = started_};
}

} // namespace model

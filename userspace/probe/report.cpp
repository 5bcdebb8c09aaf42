// SPDX-License-Identifier: BSD-2-Clause
// How the probes are doing: programs, maps, and what was given up.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <iterator>

#include "event/decode.h"
#include "probe/kernel.h"
#include "probe/programs.h"

namespace probe {

namespace {

bpf_prog_info info_of(const bpf_program* program) {
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof info;
    if (bpf_program__fd(program) >= 0) bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &bytes);
    return info;
}

event::ProgramUse use_of(const gunicorn_probes& skeleton, const Program& program, bool attached) {
    event::ProgramUse use{.name = std::string(program.name), .attached = attached, .run_time = {}, .runs = 0};
    const auto info = info_of(find(skeleton, program));
    if (info.run_cnt) {
        use.run_time = std::chrono::nanoseconds(info.run_time_ns);
        use.runs = info.run_cnt;
    }
    return use;
}

// Calls that the kernel left out since the program was running already on that processor (Linux 5.12 and later count
// them; with preemption disabled it should not happen).
std::uint64_t runs_missed(const bpf_object* object) {
    std::uint64_t missed = 0;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) missed += info_of(program).recursion_misses;
    return missed;
}

template <typename Key> event::MapUse use_of(const bpf_map* map) {
    event::MapUse use{.name = bpf_map__name(map), .entries = 0, .capacity = bpf_map__max_entries(map)};
    for_each_key<Key>(map_fd(map), [&](const Key&) { use.entries++; });
    return use;
}

event::MapUse use_of_processes(const bpf_map* map) {
    // Slot 0 belongs to nobody.
    event::MapUse use{.name = bpf_map__name(map), .entries = 0, .capacity = bpf_map__max_entries(map) - 1};
    for (event::Slot slot = 1; slot <= use.capacity; slot++) {
        contract::process process{};
        if (!bpf_map_lookup_elem(map_fd(map), &slot, &process) && process.role != contract::ROLE_NONE) use.entries++;
    }
    return use;
}

} // namespace

bool Probe::Kernel::is_attached(const Program& program) const {
    switch (program.entry) {
    case Entry::hook:
        return is_hooked(*skeleton, program);
    case Entry::tail_call:
        return is_needed(program, options) && is_attached(program_named(program.needs));
    case Entry::iterator:
        return program.group == Group::backlog ? backlogs != nullptr : mappings != nullptr;
    case Entry::uprobe:
    case Entry::usdt:
        return is_attached(*python_probe_of(program));
    case Entry::user_space:
        break;
    }
    return false;
}

event::ProbeReport Probe::report() const {
    const auto& skeleton = *kernel_->skeleton;
    event::ProbeReport report;
    for (const auto& program : programs()) {
        if (is_reported(program, kernel_->options) && is_available(program))
            report.programs.push_back(use_of(skeleton, program, kernel_->is_attached(program)));
    }
    report.maps = {
        use_of<contract::connection_key>(skeleton.maps.connections),
        use_of<contract::pipelined_key>(skeleton.maps.pipelined),
        {.name = "listeners", .entries = kernel_->listeners.entries(), .capacity = kernel_->listeners.capacity()},
        use_of_processes(skeleton.maps.processes)};
    if (kernel_->options.groups.waits) report.maps.push_back(use_of<std::uint64_t>(skeleton.maps.arrivals));
    if (kernel_->options.trace) {
        report.maps.push_back(use_of<std::uint32_t>(skeleton.maps.clocks));
        report.maps.push_back(use_of<contract::connection_key>(skeleton.maps.traced));
    }
    return report;
}

std::map<std::string, std::uint64_t> Probe::events_lost() const {
    std::map<std::string, std::uint64_t> lost;
    for (std::uint32_t reason = 0; reason < contract::DROP_REASONS; reason++) {
        std::uint64_t count = 0;
        bpf_map_lookup_elem(map_fd(kernel_->skeleton->maps.drops), &reason, &count);
        if (reason == contract::DROP_SLOTS_FULL) count += kernel_->slots_refused;
        if (reason == contract::DROP_PID_RANGE) count += kernel_->pids_refused;
        if (reason == contract::DROP_LISTENERS_FULL) count += kernel_->listeners_refused;
        lost[event::name_of(static_cast<contract::drop_reason>(reason))] = count;
    }
    lost["program_busy"] = runs_missed(kernel_->skeleton->obj);
    lost["totals_torn"] = kernel_->totals_torn;
    return lost;
}

std::map<std::string, std::uint64_t> Probe::resynchronized() const {
    std::map<std::string, std::uint64_t> found;
    for (std::uint32_t reason = 0; reason < contract::RESYNC_REASONS; reason++) {
        const std::uint32_t index = contract::DROP_REASONS + reason;
        std::uint64_t count = 0;
        bpf_map_lookup_elem(map_fd(kernel_->skeleton->maps.drops), &index, &count);
        found[event::name_of(static_cast<contract::resync_reason>(reason))] = count;
    }
    return found;
}

} // namespace probe

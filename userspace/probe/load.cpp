// SPDX-License-Identifier: BSD-2-Clause
// Loading and attaching: sizes and constants first, then everything or nothing, with errors that say what to do.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "errno_text.h"
#include "probe/kernel.h"
#include "probe/programs.h"

namespace probe {

namespace {

// The last lines libbpf said in this thread: the verifier's reason when loading fails.
thread_local std::string libbpf_log;

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
    if (level == LIBBPF_DEBUG) return 0;
    char line[512];
    const int written = vsnprintf(line, sizeof line, format, arguments);
    if (written > 0) libbpf_log.append(line);
    constexpr std::size_t kEnough = 2000;
    if (libbpf_log.size() > kEnough) libbpf_log.erase(0, libbpf_log.size() - kEnough);
    return 0;
}

std::string_view hint_for(int error) {
    switch (error) {
    case EPERM:
    case EACCES:
        return "run as root or with CAP_BPF and CAP_PERFMON; in a container also check the seccomp profile";
    case ENOENT:
    case ESRCH:
        return "the kernel lacks this hook or its BTF; Linux 5.10 with CONFIG_DEBUG_INFO_BTF is the oldest supported";
    case ENOMEM:
        return "not enough memory for the maps: lower --max-connections or raise RLIMIT_MEMLOCK";
    default:
        return "see the kernel's message above; Linux 5.10 with BTF is the oldest supported";
    }
}

// Kernels before 5.11 charge maps against RLIMIT_MEMLOCK, later ones against the memory cgroup. Raising it may be
// forbidden, and then loading says whether it mattered.
void raise_memlock_limit() {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

// Threads, greenlets and tasks that have raised something lately. Each processor keeps up to 128 free entries of an LRU
// map to itself (LOCAL_FREE_TARGET, kernel/bpf/bpf_lru_list.c), which must not be most of them.
std::uint32_t raise_places() {
    constexpr int kLeast = 4096;
    constexpr int kPerProcessor = 512;
    return static_cast<std::uint32_t>(std::max(kLeast, kPerProcessor * libbpf_num_possible_cpus()));
}

// A jiffy: the clock that is as coarse as the kernel's tick says how long it is.
std::uint64_t tick_ns() {
    timespec resolution{};
    clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    return static_cast<std::uint64_t>(resolution.tv_nsec);
}

void set_sizes(gunicorn_probes& skeleton, const Options& options) {
    const auto pages =
        static_cast<std::uint32_t>((options.pid_max + contract::SLOTS_PER_PAGE) / contract::SLOTS_PER_PAGE);
    bpf_map__set_max_entries(skeleton.maps.slot_pages, pages);
    bpf_map__set_max_entries(skeleton.maps.processes, options.max_processes + 1);
    bpf_map__set_max_entries(skeleton.maps.totals, options.max_processes + 1);
    bpf_map__set_max_entries(skeleton.maps.pythons, options.max_processes + 1);
    if (options.groups.collector) bpf_map__set_max_entries(skeleton.maps.gc_pauses, options.max_processes + 1);
    if (options.groups.imports) bpf_map__set_max_entries(skeleton.maps.imports, options.max_processes + 1);
    if (options.groups.unlogged) {
        bpf_map__set_max_entries(skeleton.maps.raises, raise_places());
        skeleton.rodata->raise_places = raise_places();
        bpf_map__set_max_entries(skeleton.maps.last_raises, options.max_processes + 1);
        bpf_map__set_max_entries(skeleton.maps.background_exceptions, options.max_processes + 1);
    }
    bpf_map__set_max_entries(skeleton.maps.free_slots, options.max_processes);
    bpf_map__set_max_entries(skeleton.maps.busy_since, options.max_processes);
    bpf_map__set_max_entries(skeleton.maps.listeners, options.max_processes + 1);
    bpf_map__set_max_entries(skeleton.maps.conns_of_master, options.max_processes + 1);
    bpf_map__set_max_entries(skeleton.maps.connections, 2 * options.max_connections);
    skeleton.rodata->tick_ns = tick_ns();
    skeleton.rodata->conn_places = 2 * std::uint64_t{options.max_connections};
    bpf_map__set_max_entries(skeleton.maps.records, options.ring_bytes);
    skeleton.rodata->candidates =
        options.candidates == Candidates::everybody ? contract::CANDIDATES_ALL : contract::CANDIDATES_CHILDREN;
    skeleton.rodata->record_every_response = options.every_response || options.trace;
    skeleton.rodata->trace_requests = options.trace;
    if (options.trace) {
        bpf_map__set_max_entries(skeleton.maps.clocks, options.max_threads);
        bpf_map__set_max_entries(skeleton.maps.traced, 2 * options.max_connections);
    }
}

// Maps of groups that are turned off are not created.
void choose_maps(gunicorn_probes& skeleton, const Groups& groups) {
    auto& maps = skeleton.maps;
    const auto used = [](bpf_map* map, bool is_used) { bpf_map__set_autocreate(map, is_used); };
    used(maps.gc_pauses, groups.collector);
    used(maps.gc_starts, groups.collector);
    used(maps.imports, groups.imports);
    used(maps.import_starts, groups.imports);
    used(maps.__bpf_usdt_specs, groups.collector || groups.imports);
    used(maps.__bpf_usdt_ip_to_spec_id, groups.collector || groups.imports);
}

void choose_programs(gunicorn_probes& skeleton, const Options& options) {
    for (const auto& program : programs()) {
        bpf_program__set_autoload(find(skeleton, program), is_needed(program, options) && is_available(program));
        bpf_program__set_autoattach(find(skeleton, program), program.entry == Entry::hook);
    }
}

// What programs that run anyway do in addition for a group.
void choose_measurements(gunicorn_probes& skeleton, const Groups& groups) {
    // How many requests are in flight also tells whose an exception is, and whether a worker has begun to serve.
    skeleton.rodata->measure_activity = groups.activity || groups.exceptions || groups.imports;
    skeleton.rodata->measure_waits = groups.waits;
    skeleton.rodata->measure_sizes = groups.sizes;
    skeleton.rodata->watch_raises = groups.unlogged;
}

} // namespace

Error failure(std::string_view step, int error) {
    return Error{fmt::format("{}: {} ({}){}{}", step, errno_name_and_text(error), hint_for(error),
                             libbpf_log.empty() ? "" : "\n", libbpf_log)};
}

void prepare(gunicorn_probes& skeleton, const Options& options) {
    libbpf_log.clear();
    libbpf_set_print(keep_message);
    raise_memlock_limit();
    set_sizes(skeleton, options);
    choose_programs(skeleton, options);
    choose_maps(skeleton, options.groups);
    choose_measurements(skeleton, options.groups);
}

Result<void> open_and_load(gunicorn_probes& skeleton, const Options& options) {
    prepare(skeleton, options);
    if (const int error = gunicorn_probes::load(&skeleton)) {
        return std::unexpected(failure("load the BPF programs", -error));
    }
    for (const auto& program : programs()) {
        const int fd = bpf_program__fd(find(skeleton, program));
        if (!program.tail_call || fd < 0) continue; // fd < 0: the group is off
        if (bpf_map_update_elem(map_fd(skeleton.maps.tail_calls), &*program.tail_call, &fd, BPF_ANY)) {
            return std::unexpected(failure("set the tail calls", errno));
        }
    }
    for (std::uint32_t slot = 1; slot <= options.max_processes; slot++) {
        if (bpf_map_update_elem(map_fd(skeleton.maps.free_slots), nullptr, &slot, BPF_ANY)) {
            return std::unexpected(failure("fill the queue of slots", errno));
        }
    }
    return {};
}

Result<void> attach(gunicorn_probes& skeleton) {
    libbpf_log.clear();
    if (const int error = gunicorn_probes::attach(&skeleton)) {
        return std::unexpected(failure("attach the BPF programs", -error));
    }
    return {};
}

std::string libbpf_version() { return fmt::format("{}.{}", libbpf_major_version(), libbpf_minor_version()); }

} // namespace probe

// SPDX-License-Identifier: BSD-2-Clause
// The end of observation: connections that are left, slots that are given back.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

#include "clocks.h"
#include "probe/kernel.h"

namespace probe {

namespace {

using namespace std::chrono_literals;

// Nobody's connection waits for so long: its listener was closed before it was accepted.
constexpr auto kStale = 10min;

// Entries of a map by thread (pid_tgid) that are of these processes.
void forget_threads(const bpf_map* map, const std::set<pid_t>& pids) {
    std::vector<std::uint64_t> theirs;
    for_each_key<std::uint64_t>(map_fd(map), [&](std::uint64_t thread) {
        if (pids.contains(static_cast<pid_t>(thread >> 32))) theirs.push_back(thread);
    });
    for (const auto& thread : theirs) bpf_map_delete_elem(map_fd(map), &thread);
}

void forget_arrivals(const bpf_map* map, const std::function<bool(const contract::arrival&)>& is_over) {
    std::vector<std::uint64_t> over;
    for_each_key<std::uint64_t>(map_fd(map), [&](std::uint64_t client) {
        contract::arrival arrival{};
        if (!bpf_map_lookup_elem(map_fd(map), &client, &arrival) && is_over(arrival)) over.push_back(client);
    });
    for (const auto& client : over) bpf_map_delete_elem(map_fd(map), &client);
}

} // namespace

bool Probe::Kernel::holds(event::Slot slot, pid_t pid) const {
    contract::process process{};
    return slot && !bpf_map_lookup_elem(map_fd(skeleton->maps.processes), &slot, &process) &&
           static_cast<pid_t>(process.tgid) == pid;
}

void Probe::Kernel::clear(event::Slot slot) {
    const auto& maps = skeleton->maps;
    const contract::process nobody{};
    const contract::worker_totals zero{};
    const std::uint64_t none = 0;
    forget_python(slot);
    listeners.clear(slot);
    bpf_map_update_elem(map_fd(maps.conns_of_master), &slot, &none, BPF_ANY);
    bpf_map_update_elem(map_fd(maps.processes), &slot, &nobody, BPF_ANY);
    bpf_map_update_elem(map_fd(maps.totals), &slot, &zero, BPF_ANY);
    bpf_map_delete_elem(map_fd(maps.busy_since), &slot);
}

void Probe::detach(const std::vector<Held>& processes) {
    for (const auto& each : processes)
        if (kernel_->slots.get(each.pid) == each.slot) kernel_->slots.set(each.pid, 0);
}

void Probe::give_back(std::vector<Held> processes, const std::function<void()>& last_look) {
    std::erase_if(processes, [&](const Held& each) { return !kernel_->holds(each.slot, each.pid); });
    const auto& maps = kernel_->skeleton->maps;
    const auto now = monotonic_time();
    std::map<event::Slot, event::KernelTime> ended;
    std::set<pid_t> pids;
    for (const auto& each : processes) {
        ended[each.slot] = now;
        pids.insert(each.pid);
    }
    end_connections(ended);
    if (last_look) last_look();
    if (kernel_->options.groups.collector) forget_threads(maps.gc_starts, pids);
    if (kernel_->options.groups.imports) forget_threads(maps.import_starts, pids);
    forget_arrivals(maps.arrivals, [&](const contract::arrival& arrival) { return ended.contains(arrival.owner); });
    for (const auto& each : processes) {
        kernel_->clear(each.slot);
        bpf_map_update_elem(map_fd(maps.free_slots), nullptr, &each.slot, BPF_ANY);
    }
}

void Probe::release(event::Slot slot, pid_t pid) {
    const std::vector<Held> one{{slot, pid}};
    detach(one);
    wait_for_programs();
    give_back(one);
}

void Probe::end_connections(const std::map<event::Slot, event::KernelTime>& ended) {
    std::vector<contract::connection_key> left;
    if (ended.empty()) return;
    for_each_key<contract::connection_key>(map_fd(kernel_->skeleton->maps.connections),
                                           [&](const contract::connection_key& key) {
                                               if (ended.contains(key.slot)) left.push_back(key);
                                           });
    for (const auto& key : left) {
        run(kernel_->skeleton->progs.end_connection, {key.slot, static_cast<std::uint64_t>(key.fd), contract::BY_EXIT,
                                                      static_cast<std::uint64_t>(ended.at(key.slot).count())});
    }
}

void Probe::end_closed_connections() {
    const auto& skeleton = *kernel_->skeleton;
    std::vector<contract::connection_key> of_files;
    if (std::atomic_ref(skeleton.bss->conns_of_files).load(std::memory_order_relaxed) == 0) return;
    for_each_key<contract::connection_key>(map_fd(skeleton.maps.connections), [&](const contract::connection_key& key) {
        if (key.fd < 0) of_files.push_back(key); // is_key_of_file(), bpf/conn/lookup.h
    });
    for (const auto& key : of_files)
        run(skeleton.progs.end_if_closed, {key.slot, static_cast<std::uint64_t>(key.fd), monotonic_ns()});
}

void Probe::forget_stale_arrivals() {
    const auto since = monotonic_time() - kStale;
    forget_arrivals(kernel_->skeleton->maps.arrivals,
                    [&](const contract::arrival& arrival) { return std::chrono::nanoseconds(arrival.at_ns) < since; });
}

bool Probe::add_listener(std::uint64_t socket_inode, event::Slot owner) {
    if (kernel_->listeners.add(owner, socket_inode)) return true;
    kernel_->listeners_refused++;
    return false;
}

void Probe::adopt_connection(event::Slot slot, int fd, std::uint64_t socket_inode) {
    run(kernel_->skeleton->progs.adopt_connection, {slot, static_cast<std::uint64_t>(fd), socket_inode});
}

} // namespace probe

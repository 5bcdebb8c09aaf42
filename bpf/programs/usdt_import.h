/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: how long workers import modules. A module's imports are part of its own import: the outermost ones are timed.
 * Hooks: USDT probes python:import__find__load__start and …__done, in builds that have them.
 * Minimum kernel 5.10. Cost: a breakpoint for each of the two, once for each module that is not imported yet.
 */
#ifndef GUNICORN_BPF_PROGRAMS_USDT_IMPORT_H
#define GUNICORN_BPF_PROGRAMS_USDT_IMPORT_H

#include <bpf/usdt.bpf.h>

#include "core/slots.h"

/* The start of a thread's outermost import. */
struct import_start {
    u64 at_ns;
    u64 depth; /* how deep imports are nested */
};

/* Thread (pid_tgid) -> the import that it is in. User space forgets those of processes that have ended. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, u64);
    __type(value, struct import_start);
} import_starts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct imports);
} imports SEC(".maps");

/* Its thread's entry, if it is this process's: an earlier process may have had the thread's number. */
static __always_inline struct import_start *import_of(slot_t slot, u64 thread) {
    struct import_start *start = bpf_map_lookup_elem(&import_starts, &thread);
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);

    return start && process && start->at_ns >= process->born_ns ? start : NULL;
}

SEC("usdt")
int import_begins(struct pt_regs *context) {
    u64 thread = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(thread >> 32);
    struct import_start first = {};
    struct import_start *outer;

    if (!slot) return 0;
    outer = import_of(slot, thread);
    if (outer) {
        outer->depth++;
        return 0;
    }
    first.at_ns = bpf_ktime_get_ns();
    first.depth = 1;
    if (bpf_map_update_elem(&import_starts, &thread, &first, BPF_ANY)) count_drop(DROP_IMPORTS_FULL);
    return 0;
}

static __always_inline u32 import_phase(const struct worker_totals *total) {
    u64 accepted = total->activity.open_connections;

    for (u32 i = 0; i < CONNECTION_KINDS; i++) accepted += total->connections[i];
    return accepted ? IMPORT_WHEN_SERVING : IMPORT_AT_BOOT;
}

/* The end of an import whose start was not seen, since the exporter was attached in between, is left out. */
SEC("usdt")
int import_ends(struct pt_regs *context) {
    u64 thread = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(thread >> 32);
    const struct worker_totals *total;
    struct imports *all;
    struct import_start *start;
    u32 phase;

    if (!slot) return 0;
    start = import_of(slot, thread);
    all = bpf_map_lookup_elem(&imports, &slot);
    total = bpf_map_lookup_elem(&totals, &slot);
    if (!start || !all || !total) return 0;
    phase = at_most(import_phase(total), IMPORT_PHASES - 1);
    __sync_fetch_and_add(&all->modules[phase], 1);
    if (start->depth > 1) {
        start->depth--;
        return 0;
    }
    __sync_fetch_and_add(&all->time_ns[phase], bpf_ktime_get_ns() - start->at_ns);
    bpf_map_delete_elem(&import_starts, &thread);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: how long workers import modules. Hooks: USDT probes python:import__find__load__start and …__done, where the
 * build has them; met once for each module that is not imported yet. A module's imports are part of its own import: the
 * outermost ones are timed.
 */
#ifndef GUNICORN_BPF_IMPORTS_H
#define GUNICORN_BPF_IMPORTS_H

#include <bpf/usdt.bpf.h>

#include "observed.h"

/* Its thread's entry, if it is this process's: an earlier process may have had the thread's number. */
static __always_inline struct begun *import_of(slot_t slot, u64 thread) {
    struct begun *begun = bpf_map_lookup_elem(&importing, &thread);
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);

    return begun && process && begun->at_ns >= process->born_ns ? begun : NULL;
}

SEC("usdt")
int import_begins(struct pt_regs *context) {
    (void)context;
    u64 thread = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(thread >> 32);
    struct begun first = {};
    struct begun *outer;

    if (!slot) return 0;
    outer = import_of(slot, thread);
    if (outer) {
        outer->detail++;
        return 0;
    }
    first.at_ns = bpf_ktime_get_ns();
    first.detail = 1;
    bpf_map_update_elem(&importing, &thread, &first, BPF_ANY);
    return 0;
}

static __always_inline u32 import_phase(const struct worker_totals *total) {
    u64 accepted = total->activity.open_connections;

    for (u32 i = 0; i < CONNECTION_KINDS; i++) accepted += total->connections[i];
    return accepted ? IMPORT_WHEN_SERVING : IMPORT_AT_BOOT;
}

/* Begins that nobody saw, since the exporter came in between, have ends that are left out. */
SEC("usdt")
int import_ends(struct pt_regs *context) {
    (void)context;
    u64 thread = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(thread >> 32);
    const struct worker_totals *total;
    struct imports *all;
    struct begun *begun;
    u32 phase;

    if (!slot) return 0;
    begun = import_of(slot, thread);
    all = bpf_map_lookup_elem(&imports, &slot);
    total = bpf_map_lookup_elem(&totals, &slot);
    if (!begun || !all || !total) return 0;
    phase = at_most(import_phase(total), IMPORT_PHASES - 1);
    __sync_fetch_and_add(&all->modules[phase], 1);
    if (begun->detail > 1) {
        begun->detail--;
        return 0;
    }
    __sync_fetch_and_add(&all->time_ns[phase], bpf_ktime_get_ns() - begun->at_ns);
    bpf_map_delete_elem(&importing, &thread);
    return 0;
}

#endif

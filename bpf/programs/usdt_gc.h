/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: how long the garbage collector stops a thread.
 * Hooks: USDT probes python:gc__start and gc__done, which builds with --with-dtrace have (Debian's, Fedora's).
 * Minimum kernel 5.10. Cost: a breakpoint for each of the two; there are a few collections for a thousand requests.
 *
 * The probes affect every process that uses the same interpreter binary. The kernel counts the users of a probe in the process's
 * memory (its semaphore), and takes that back when the exporter ends, however it ends.
 */
#ifndef GUNICORN_BPF_PROGRAMS_USDT_GC_H
#define GUNICORN_BPF_PROGRAMS_USDT_GC_H

#include <bpf/usdt.bpf.h>

#include "conn/request_trace.h"
#include "core/histogram.h"

/* The start of a collection. */
struct gc_start {
    u64 at_ns;
    u64 generation;
};

/* Thread (pid_tgid) -> the collection that it is in. User space forgets those of processes that have ended. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4096);
    __type(key, u64);
    __type(value, struct gc_start);
} gc_starts SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct gc_pauses);
} gc_pauses SEC(".maps");

static __always_inline void add_pause(struct pauses *pauses, u64 pause_ns) {
    add_to_histogram(pauses->buckets, &pauses->sum_ns, pause_bounds_ns, PAUSE_BOUNDS, pause_ns);
}

/* gc__start(generation) */
SEC("usdt")
int collection_begins(struct pt_regs *context) {
    u64 thread = bpf_get_current_pid_tgid();
    struct gc_start start = {};
    long generation = 0;

    if (!slot_of(thread >> 32) || bpf_usdt_arg(context, 0, &generation)) return 0;
    start.at_ns = bpf_ktime_get_ns();
    start.generation = (u32)generation;
    if (bpf_map_update_elem(&gc_starts, &thread, &start, BPF_ANY)) count_drop(DROP_GC_FULL);
    trace_gc(1);
    return 0;
}

/* gc__done(collected) */
SEC("usdt")
int collection_ends(struct pt_regs *context) {
    u64 thread = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(thread >> 32);
    const struct gc_start *start;
    struct gc_pauses *all;

    if (!slot) return 0;
    trace_gc(0);
    start = bpf_map_lookup_elem(&gc_starts, &thread);
    all = bpf_map_lookup_elem(&gc_pauses, &slot);
    if (!start || !all) return 0;
    if (start->generation < GC_GENERATIONS)
        add_pause(&all->generations[at_most((u32)start->generation, GC_GENERATIONS - 1)],
                  bpf_ktime_get_ns() - start->at_ns);
    bpf_map_delete_elem(&gc_starts, &thread);
    return 0;
}

#endif

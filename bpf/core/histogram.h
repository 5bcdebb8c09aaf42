/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The one way in which a value enters a histogram. Bounds are inclusive and ascend; the bucket behind the last is +Inf. */
#ifndef GUNICORN_BPF_CORE_HISTOGRAM_H
#define GUNICORN_BPF_CORE_HISTOGRAM_H

#include "core/platform.h"

static const u64 duration_bounds_ns[DURATION_BOUNDS] = DURATION_BOUNDS_NS;
static const u64 size_bounds_bytes[SIZE_BOUNDS] = SIZE_BOUNDS_BYTES;
static const u64 pause_bounds_ns[PAUSE_BOUNDS] = PAUSE_BOUNDS_NS;
static const u64 lifetime_bounds_ns[LIFETIME_BOUNDS] = LIFETIME_BOUNDS_NS;

static __always_inline void increment(u64 *count) { __sync_fetch_and_add(count, 1); }

/* `buckets` has bounds + 1 elements, not cumulative. `bounds` is a constant where this is inlined, so the loop is unrolled. */
static __always_inline void add_to_histogram(u64 *buckets, u64 *sum, const u64 *bounds_at, u32 bounds, u64 value) {
    u32 bucket = 0;

    for (u32 i = 0; i < bounds; i++) bucket += value > bounds_at[i];
    increment(&buckets[at_most(bucket, bounds)]);
    /* Of the addition of a constant 0 the compiler would make an atomic OR, which Linux 5.10 lacks. */
    __sync_fetch_and_add(sum, anew(value));
}

static __always_inline void add_duration(struct durations *durations, u64 duration_ns) {
    add_to_histogram(durations->buckets, &durations->sum_ns, duration_bounds_ns, DURATION_BOUNDS, duration_ns);
}

#endif

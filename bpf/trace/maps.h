/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps of traced requests. They are created with one entry while trace_requests is 0. */
#ifndef GUNICORN_BPF_TRACE_MAPS_H
#define GUNICORN_BPF_TRACE_MAPS_H

#include "contract_trace.h"
#include "core/config.h"
#include "trace/time_accounting.h"

/* Thread id -> its clock. Entries go with their threads. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct thread_clock);
} clocks SEC(".maps");

/* Per connection: how long it waited for accept(), and the clock of the thread that serves its current request. */
struct traced {
    u64 accept_ns;
    u64 unread_ns;
    u64 began;  /* thread_clock.began, with this request */
    u32 thread; /* 0: none */
    u8 accept_known;
    u8 interleaved; /* the thread had another request in flight already */
    u8 reserved[2];
    struct clock_reading begin;
    struct clock_reading written; /* at the last write */
};

CONTRACT_ASSERT(__builtin_offsetof(struct traced, thread) == __builtin_offsetof(struct traced_head, thread), "shared");
CONTRACT_ASSERT(__builtin_offsetof(struct traced, begin.at_ns) == __builtin_offsetof(struct traced_head, begun_ns),
                "shared");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, struct connection_key);
    __type(value, struct traced);
} traced SEC(".maps");

/* What an entry of the two begins as; too large for the stack, and never written. */
struct blank_trace {
    struct thread_clock clock;
    struct traced traced;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct blank_trace);
} blank_traces SEC(".maps");

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a worker is doing: requests in flight, open streams, and since when it has been busy. Kept without locks and without
 * atomic instructions that return a value (Linux 5.10 has neither for these programs).
 */
#ifndef GUNICORN_BPF_CONN_IN_FLIGHT_H
#define GUNICORN_BPF_CONN_IN_FLIGHT_H

#include "conn/maps.h"
#include "conn/open_streams.h"
#include "core/histogram.h"
#include "core/slots.h"

/* What serves the worker's connections: enum concurrency. */
static __always_inline u32 concurrency_of(slot_t worker) {
    const struct process *process = bpf_map_lookup_elem(&processes, &worker);
    slot_t master = process ? process->parent_slot : 0;

    process = bpf_map_lookup_elem(&processes, &master);
    return process ? process->concurrency : CONCURRENCY_OF_REQUESTS;
}

/* Two threads may begin to serve at once: both are counted, and the busy period starts at one time or the other. */
static __always_inline void begin_serving(struct activity *activity, slot_t slot, u64 now_ns) {
    increment(&activity->served);
    if (has_threads())
        bpf_map_update_elem(&busy_since, &slot, &now_ns, BPF_NOEXIST);
    else if (!activity->busy_since_ns)
        activity->busy_since_ns = now_ns;
}

/* Two threads may end at once and both see 0: the deletion decides which of them adds the busy period. */
static __always_inline void end_serving(struct activity *activity, slot_t slot, u64 now_ns) {
    u64 since = activity->busy_since_ns;
    const u64 *shared;

    __sync_fetch_and_add(&activity->served, (u64)-1);
    if (activity->served) return;
    if (since) {
        activity->busy_since_ns = 0;
    } else {
        shared = bpf_map_lookup_elem(&busy_since, &slot);
        if (!shared) return;
        since = *shared;
        if (bpf_map_delete_elem(&busy_since, &slot)) return;
        /* Another thread that began in between found the busy period still open. */
        if (activity->served) bpf_map_update_elem(&busy_since, &slot, &now_ns, BPF_NOEXIST);
    }
    if (now_ns > since) __sync_fetch_and_add(&activity->busy_ns, now_ns - since);
}

/* A request has begun and is not answered, on a connection whose bytes are decoded. */
static __always_inline int is_in_flight(const struct connection *connection) {
    const u16 not_seen_into = CONNECTION_SAW_TLS | CONNECTION_SAW_HTTP2 | CONNECTION_SAW_OTHER;

    return connection->queued && !(connection->flags & not_seen_into) &&
           connection->streams[TO_CLIENT].phase != PHASE_IGNORED;
}

/* What is to be counted of the connection, but for WebSockets. */
static __always_inline u8 what_counts(const struct connection *connection) {
    u32 held = connection->flags / CONNECTION_HELD % 2;
    u32 counts = held * COUNTED_SERVED | is_open_stream(connection) * COUNTED_STREAM;

    if (is_in_flight(connection)) counts |= COUNTED_IN_FLIGHT | COUNTED_SERVED;
    return (u8)counts;
}

/* Call it after each run over a call's bytes, when CONNECTION_HELD has changed, and when a connection ends. */
static __always_inline void update_activity(struct connection *connection, const struct connection_key *key,
                                            u64 now_ns) {
    const u8 by_state = COUNTED_IN_FLIGHT | COUNTED_SERVED | COUNTED_STREAM;
    u8 counts = what_counts(connection);
    u8 changed = counts ^ (connection->counted & by_state);
    struct worker_totals *total;

    if (!measure_activity || !changed) return;
    total = bpf_map_lookup_elem(&totals, &key->slot);
    if (!total) return;
    connection->counted ^= changed;
    if (changed & COUNTED_IN_FLIGHT)
        __sync_fetch_and_add(&total->activity.in_flight, counts & COUNTED_IN_FLIGHT ? 1 : (u64)-1);
    if (changed & COUNTED_STREAM) {
        if (counts & COUNTED_STREAM)
            begin_stream(connection, total, now_ns);
        else
            end_stream(connection, total, now_ns);
    }
    if (!(changed & COUNTED_SERVED)) return;
    if (counts & COUNTED_SERVED)
        begin_serving(&total->activity, key->slot, now_ns);
    else
        end_serving(&total->activity, key->slot, now_ns);
}

/* The worker, or a thread of it, reads from the connection. Where that serves one connection at a time it does nothing else from
 * now on: not while it waits for the client, not while the application works on behind its response, or behind a 101. */
static __always_inline void hold_connection(struct connection *connection, const struct connection_key *key) {
    if (connection->flags & CONNECTION_HELD || concurrency_of(key->slot) == CONCURRENCY_OF_REQUESTS) return;
    connection->flags |= CONNECTION_HELD;
    update_activity(connection, key, bpf_ktime_get_ns());
}

static __always_inline void count_opened(const struct connection_key *key) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &key->slot);

    if (measure_activity && total) increment(&total->activity.open_connections);
}

#endif

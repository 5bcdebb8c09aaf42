/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests in flight of a worker, and since when there has been one. Kept without locks and without
 * atomic instructions that return a value (Linux 5.10 has neither for these programs).
 */
#ifndef GUNICORN_BPF_CONN_IN_FLIGHT_H
#define GUNICORN_BPF_CONN_IN_FLIGHT_H

#include "conn/maps.h"
#include "core/histogram.h"
#include "core/slots.h"

/* Two threads may begin a request at once: both are counted, and the busy period starts at one time or the other. */
static __always_inline void enter_in_flight(struct activity *activity, slot_t slot, u64 now_ns) {
    increment(&activity->in_flight);
    if (has_threads())
        bpf_map_update_elem(&busy_since, &slot, &now_ns, BPF_NOEXIST);
    else if (!activity->busy_since_ns)
        activity->busy_since_ns = now_ns;
}

/* Two threads may end at once and both see 0: the deletion decides which of them adds the busy period. */
static __always_inline void leave_in_flight(struct activity *activity, slot_t slot, u64 now_ns) {
    u64 since = activity->busy_since_ns;
    const u64 *shared;

    __sync_fetch_and_add(&activity->in_flight, (u64)-1);
    if (activity->in_flight) return;
    if (since) {
        activity->busy_since_ns = 0;
    } else {
        shared = bpf_map_lookup_elem(&busy_since, &slot);
        if (!shared) return;
        since = *shared;
        if (bpf_map_delete_elem(&busy_since, &slot)) return;
        /* A request that began in between found the busy period still open. */
        if (activity->in_flight) bpf_map_update_elem(&busy_since, &slot, &now_ns, BPF_NOEXIST);
    }
    if (now_ns > since) __sync_fetch_and_add(&activity->busy_ns, now_ns - since);
}

/* A request has begun and is not answered, on a connection whose bytes are decoded. */
static __always_inline int is_in_flight(const struct connection *connection) {
    const u16 not_seen_into = CONNECTION_SAW_TLS | CONNECTION_SAW_HTTP2 | CONNECTION_SAW_OTHER;

    return connection->queued && !(connection->flags & not_seen_into) &&
           connection->streams[TO_CLIENT].phase != PHASE_IGNORED;
}

/* Call it after each run over a call's bytes, and when a connection ends. */
static __always_inline void update_in_flight(struct connection *connection, const struct connection_key *key,
                                             u64 now_ns) {
    int in_flight = is_in_flight(connection);
    struct worker_totals *total;

    if (!measure_activity || in_flight == !!(connection->flags & CONNECTION_IN_FLIGHT)) return;
    total = bpf_map_lookup_elem(&totals, &key->slot);
    if (!total) return;
    connection->flags ^= CONNECTION_IN_FLIGHT;
    if (in_flight)
        enter_in_flight(&total->activity, key->slot, now_ns);
    else
        leave_in_flight(&total->activity, key->slot, now_ns);
}

static __always_inline void count_opened(const struct connection_key *key) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &key->slot);

    if (measure_activity && total) increment(&total->activity.open_connections);
}

#endif

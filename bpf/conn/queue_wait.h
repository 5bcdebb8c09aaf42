/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How long a connection waited for its worker: for accept(), and from there for the first read. */
#ifndef GUNICORN_BPF_CONN_QUEUE_WAIT_H
#define GUNICORN_BPF_CONN_QUEUE_WAIT_H

#include "conn/responses.h"
#include "conn/sockets.h"

static __always_inline void add_wait(slot_t slot, u32 place, u64 from_ns, u64 until_ns) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    if (total) add_duration(&total->waits[place], until_ns > from_ns ? until_ns - from_ns : 0);
}

/* The socket whose arrival was noted: of a unix connection the client's end. connect() may return after accept(), and it
 * waits while the queue is full, so what counts is when it was called. */
static __always_inline u64 arrived_socket(struct sock *sk) {
    if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_UNIX) return (u64)BPF_CORE_READ((struct unix_sock *)sk, peer);
    return (u64)sk;
}

/* accept() has returned. A connection that was there before us has no arrival and is not counted. */
static __always_inline void record_accept_wait(const struct connection *connection, const struct connection_key *owner) {
    struct sock *sk = sock_of(connection->file);
    const u64 *arrival;
    u64 key;

    if (!measure_waits || !sk) return;
    key = arrived_socket(sk);
    arrival = bpf_map_lookup_elem(&arrivals, &key);
    if (!arrival) return;
    add_wait(owner->slot, WAIT_ACCEPT, *arrival, connection->accepted_ns);
    trace_accept(owner, connection->accepted_ns > *arrival ? connection->accepted_ns - *arrival : 0);
    bpf_map_delete_elem(&arrivals, &key);
}

/* The worker reads for the first time. The connection has waited since accept(), or since the bytes came if that was later: a
 * client that is slow to send does not wait. */
static __always_inline void record_read_wait(struct connection *connection, slot_t slot, u64 now_ns) {
    struct sock *sk = sock_of(connection->file);
    u64 from_ns = connection->accepted_ns;
    u64 packet_ns;

    connection->flags |= CONNECTION_WAS_READ;
    if (!sk) return;
    if (BPF_CORE_READ(sk, __sk_common.skc_family) != FAMILY_UNIX) {
        packet_ns = BPF_CORE_READ((struct tcp_sock *)sk, tcp_mstamp) * 1000;
        if (packet_ns > from_ns) from_ns = packet_ns;
    }
    add_wait(slot, WAIT_FIRST_READ, from_ns, now_ns);
}

#endif

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

/* connect() may return after accept(), and it waits while the queue is full, so what counts is when it was called. */
static __always_inline u64 connected_at(struct sock *sk) {
    u64 client = (u64)BPF_CORE_READ((struct unix_sock *)sk, peer);
    const struct arrival *arrival = bpf_map_lookup_elem(&arrivals, &client);
    u64 at_ns = arrival ? arrival->at_ns : 0;

    if (at_ns) bpf_map_delete_elem(&arrivals, &client);
    return at_ns;
}

/* Since when the connection has been in its listener's queue; 0: not known. The kernel notes the moment of the handshake's end in
 * a TCP socket, and changes it only when bytes are read from it. */
static __always_inline u64 queued_since(struct sock *sk) {
    if (is_unix(sk)) return connected_at(sk);
    return is_tcp(sk) ? BPF_CORE_READ((struct tcp_sock *)sk, rcvq_space.time) * 1000 : 0;
}

/* accept() has returned. */
static __always_inline void record_accept_wait(const struct connection *connection,
                                               const struct connection_key *owner) {
    struct sock *sk = sock_of(connection->file);
    u64 since_ns;

    if (!measure_waits || !sk) return;
    since_ns = queued_since(sk);
    if (!since_ns) return;
    add_wait(owner->slot, WAIT_ACCEPT, since_ns, connection->accepted_ns);
    trace_accept(owner, connection->accepted_ns > since_ns ? connection->accepted_ns - since_ns : 0);
}

/* The worker reads for the first time. The connection has waited since accept(), or since the bytes came if that was later: a
 * client that is slow to send does not wait. */
static __always_inline void record_read_wait(struct connection *connection, slot_t slot, u64 now_ns) {
    struct sock *sk = sock_of(connection->file);
    u64 from_ns = connection->accepted_ns;
    u64 packet_ns;

    connection->flags |= CONNECTION_WAS_READ;
    if (!sk) return;
    if (is_tcp(sk)) {
        packet_ns = BPF_CORE_READ((struct tcp_sock *)sk, tcp_mstamp) * 1000;
        if (packet_ns > from_ns) from_ns = packet_ns;
    }
    add_wait(slot, WAIT_FIRST_READ, from_ns, now_ns);
}

#endif

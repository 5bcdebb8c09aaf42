/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How long a connection waited for its worker: for accept(), and from there for the first read; and each later request, for being
 * read. */
#ifndef GUNICORN_BPF_CONN_QUEUE_WAIT_H
#define GUNICORN_BPF_CONN_QUEUE_WAIT_H

#include "conn/responses.h"
#include "conn/sockets.h"

static __always_inline void add_wait(slot_t slot, u32 place, u64 from_ns, u64 until_ns) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    if (total) add_duration(&total->waits[place], until_ns > from_ns ? until_ns - from_ns : 0);
}

/* It is not known how long it has waited. */
static __always_inline void add_unknown_wait(slot_t slot, u32 place) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    if (total) increment(&total->unknown_waits[place]);
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
static __always_inline u64 queued_since(const struct connection *connection) {
    const struct tcp_sock *tcp = (const struct tcp_sock *)connection->tcp;
    struct sock *sk;

    if (tcp) return BPF_CORE_READ(tcp, rcvq_space.time) * 1000;
    sk = sock_of(connection->file);
    return sk && is_unix(sk) ? connected_at(sk) : 0;
}

/* accept() has returned. */
static __always_inline void record_accept_wait(const struct connection *connection,
                                               const struct connection_key *owner) {
    u64 since_ns;

    if (!measure_waits) return;
    since_ns = queued_since(connection);
    if (!since_ns) {
        add_unknown_wait(owner->slot, WAIT_ACCEPT);
        return;
    }
    add_wait(owner->slot, WAIT_ACCEPT, since_ns, connection->accepted_ns);
    trace_accept(owner, connection->accepted_ns > since_ns ? connection->accepted_ns - since_ns : 0);
}

/* Bytes, or the client's end of stream, that the worker has not read. */
static __always_inline u32 unread_bytes(const struct tcp_sock *tcp) {
    return BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq);
}

/* When the first bytes of a connection came, of which none was read; 0: they are still to come; ARRIVAL_NOT_KNOWN. The kernel
 * notes the time of the first data to measure the way to the client, and then again when a whole window has come. */
#define ARRIVAL_NOT_KNOWN (~0ull)

static __always_inline u64 first_data_at(const struct connection *connection) {
    const struct tcp_sock *tcp = (const struct tcp_sock *)connection->tcp;
    u64 noted_ns = BPF_CORE_READ(tcp, rcv_rtt_est.time) * 1000;

    if (noted_ns <= connection->accepted_ns || unread_bytes(tcp) < connection->window) return noted_ns;
    return ARRIVAL_NOT_KNOWN;
}

/* When the bytes of a later request came; 0: they are still to come; ARRIVAL_NOT_KNOWN unless they came as one segment. The kernel
 * notes that of the last data to the tick, which what comes after the data does not move, and of the last packet, in or out, to
 * the microsecond: it is the data's if it is of the same tick. */
static __always_inline u64 next_data_at(const struct connection *connection, u64 now_ns) {
    const struct tcp_sock *tcp = (const struct tcp_sock *)connection->tcp;
    u64 packet_ns = BPF_CORE_READ(tcp, tcp_mstamp) * 1000;
    u32 ticks = (u32)bpf_jiffies64() - BPF_CORE_READ((const struct inet_connection_sock *)tcp, icsk_ack.lrcvtime);
    u64 tick_at_ns = now_ns - ticks * tick_ns;

    if (!unread_bytes(tcp)) return 0;
    if (BPF_CORE_READ(tcp, data_segs_in) - connection->data_segments != 1) return ARRIVAL_NOT_KNOWN;
    if (packet_ns <= tick_at_ns + tick_ns) return packet_ns;
    return tick_at_ns > connection->last_end_ns ? tick_at_ns : connection->last_end_ns;
}

/* Everything so far is answered, and the client's next bytes begin a request. */
static __always_inline int awaits_next_request(const struct connection *connection) {
    return connection->responses && !connection->queued && connection->streams[FROM_CLIENT].phase == PHASE_IDLE &&
           connection->streams[TO_CLIENT].phase == PHASE_IDLE;
}

/* The worker reads for the first time. The connection has waited since accept(), or since the bytes came if that was later: a
 * client that is slow to send does not wait. */
static __always_inline void record_read_wait(struct connection *connection, slot_t slot, u64 now_ns) {
    u64 from_ns = connection->tcp ? first_data_at(connection) : 0;

    connection->flags |= CONNECTION_WAS_READ;
    if (from_ns == ARRIVAL_NOT_KNOWN) {
        add_unknown_wait(slot, WAIT_FIRST_READ);
        return;
    }
    add_wait(slot, WAIT_FIRST_READ, from_ns > connection->accepted_ns ? from_ns : connection->accepted_ns, now_ns);
}

/* The worker asks for a later request. If its bytes are still to come, the call waits for them and not they for the call. */
static __always_inline void record_next_wait(struct connection *connection, slot_t slot, u64 now_ns) {
    u64 from_ns;

    if (!connection->tcp || connection->flags & CONNECTION_WAIT_NOTED || !awaits_next_request(connection)) return;
    from_ns = next_data_at(connection, now_ns);
    if (!from_ns) return;
    connection->flags |= CONNECTION_WAIT_NOTED;
    if (from_ns == ARRIVAL_NOT_KNOWN)
        add_unknown_wait(slot, WAIT_NEXT_READ);
    else
        add_wait(slot, WAIT_NEXT_READ, from_ns, now_ns);
}

/* A read has returned bytes. Those for which it had to wait did not wait themselves. */
static __always_inline void note_read(struct connection *connection, slot_t slot) {
    const struct tcp_sock *tcp = (const struct tcp_sock *)connection->tcp;
    u32 segments;

    if (!measure_waits) return;
    if (!(connection->flags & CONNECTION_WAIT_NOTED) && awaits_next_request(connection)) {
        if (tcp)
            add_wait(slot, WAIT_NEXT_READ, 0, 0);
        else
            add_unknown_wait(slot, WAIT_NEXT_READ);
    }
    connection->flags &= (u16)~CONNECTION_WAIT_NOTED;
    if (!tcp) return;
    segments = BPF_CORE_READ(tcp, data_segs_in);
    /* Of what is left it is not known when it came. Two segments are not told apart. */
    connection->data_segments = unread_bytes(tcp) ? segments - 2 : segments;
}

#endif

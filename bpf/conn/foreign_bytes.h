/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bytes that somebody sends to a client and no observed call has told of: by io_uring, or by a process that was given the descriptor and
 * is no descendant of the worker. The socket counts what it takes, whoever gives it: where that is more than what the calls have
 * moved, somebody else has answered. It is asked only where an answer is missing: at the end of a connection, and when the server goes on
 * reading or writing although one is due. A unix socket does not count.
 */
#ifndef GUNICORN_BPF_CONN_FOREIGN_BYTES_H
#define GUNICORN_BPF_CONN_FOREIGN_BYTES_H

#include "conn/place.h"
#include "conn/sockets.h"

/* An end of stream has a sequence number, too (RFC 9293 section 3.4). No answer is as short. */
enum { END_OF_STREAM_BYTES = 1 };

/* A bit for each local port on which a connection was accepted. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 65536 / 64);
    __type(key, u32);
    __type(value, u64);
} observed_ports SEC(".maps");

/* The last sockets of these ports that have ended: hash of addresses and ports << 32 | write_seq, by that hash modulo the size. */
#define ENDED_SOCKETS 8192

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, ENDED_SOCKETS);
    __type(key, u32);
    __type(value, u64);
} ended_sockets SEC(".maps");

static __always_inline void observe_port(u16 port) {
    u32 index = port / 64;
    u64 *ports = bpf_map_lookup_elem(&observed_ports, &index);
    u64 bit = 1ull << (port & 63);

    /* Not atomic, which Linux 5.10 has for sums only: what is lost is set again by the next connection. */
    if (ports && !(*ports & bit)) *ports |= bit;
}

static __always_inline int is_observed_port(u16 port) {
    u32 index = port / 64;
    const u64 *ports = bpf_map_lookup_elem(&observed_ports, &index);

    return ports && *ports >> (port & 63) & 1;
}

static __always_inline u64 *ended_socket(u32 addresses) {
    u32 index = addresses & (ENDED_SOCKETS - 1);

    return bpf_map_lookup_elem(&ended_sockets, &index);
}

/* What the socket has sent beyond what the calls have moved; 0 where it is not known. The socket may be gone, and its memory another
 * one's, which has another hash of addresses and ports. */
static __always_inline u32 foreign_bytes(const struct connection *connection) {
    const struct tcp_sock *tcp = (const struct tcp_sock *)connection->tcp;
    const u64 *ended;
    u32 sent_to, foreign;

    if (!tcp) return 0;
    sent_to = BPF_CORE_READ(tcp, write_seq);
    if (BPF_CORE_READ((const struct sock *)tcp, __sk_common.skc_hash) != connection->addresses) {
        ended = ended_socket(connection->addresses);
        if (!ended || *ended >> 32 != connection->addresses) return 0;
        sent_to = (u32)*ended;
    }
    foreign = sent_to - connection->first_seq - (u32)connection->streams[TO_CLIENT].moved;
    return (s32)foreign > END_OF_STREAM_BYTES ? foreign : 0;
}

static __always_inline u8 foreign_reason(slot_t slot) {
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);

    return process && process->uses_io_uring ? RESYNC_IO_URING : RESYNC_FOREIGN_WRITER;
}

/* An answer is due, and the server goes on with the next request, or with the answer to one that is not the only one. */
static __always_inline int may_be_answered(const struct connection *connection, u8 direction) {
    return connection->tcp && connection->queued > (direction == TO_CLIENT) &&
           connection->streams[direction & 1].phase == PHASE_IDLE;
}

#endif

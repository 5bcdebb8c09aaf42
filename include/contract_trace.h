/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The contract about traced requests: where their time went, and what user space reads of those in flight.
 */
#ifndef GUNICORN_BPF_CONTRACT_TRACE_H
#define GUNICORN_BPF_CONTRACT_TRACE_H

#include "contract.h"

#ifdef __cplusplus
namespace contract {
#endif

/* What a thread does at a moment. It does one of them at any moment, so that they add up to the time that passed. */
enum time_state {
    TIME_ON_CPU = 0,
    TIME_RUN_QUEUE = 1, /* could run, and another one did */
    TIME_LOCK = 2,      /* futex: mutexes and conditions, Python's global lock among them */
    TIME_SOCKET = 3,    /* blocked on sockets other than the client's */
    TIME_DISK = 4,      /* blocked uninterruptibly, or in a call on a file */
    TIME_SLEEP = 5,
    TIME_READING = 6, /* blocked until the client sends */
    TIME_WRITING = 7, /* blocked until the client takes what is sent */
    TIME_OTHER = 8,   /* blocked in anything else: a pipe, a child process */
    TIME_STATES = 9,
};

enum {
    /* What one request waited for. The last is for all that found no place of its own. */
    PEERS = 8,
    PEER_OVERFLOW = PEERS - 1,
    PEER_ADDRESS_BYTES = 48, /* an IPv6 address has 16; of a unix socket's path the beginning */

    /* In place of an address family: several descriptors at once (poll, select, epoll), of which it is not known which
     * was waited for; more peers than there is room for. */
    PEER_IS_POLL = 0xffff,
    PEER_IS_OVERFLOW = 0xfffe,
};

struct peer {
    u64 waited_ns; /* 0: nothing was waited for, the rest means nothing */
    u16 family;
    u16 port;          /* host order */
    u16 address_bytes; /* of a unix socket: as its address says, which may be more than is kept */
    u16 reserved;
    u8 address[PEER_ADDRESS_BYTES];
};
CONTRACT_ASSERT(sizeof(struct peer) == 16 + PEER_ADDRESS_BYTES, "peer is shared");

enum breakdown_flag {
    BREAKDOWN_KNOWN = 1 << 0,        /* spent_ns is of this request, else nothing of it is known */
    BREAKDOWN_ACCEPT_KNOWN = 1 << 1, /* it was the first on its connection, which was seen to arrive */
    BREAKDOWN_MOVED = 1 << 2,        /* another thread ended it than the one that began it, whose time this is */
    BREAKDOWN_INTERLEAVED = 1 << 3,  /* that thread had another request in flight meanwhile */
};

/* From the request's first byte to the end of the response, by the thread that read that byte. */
struct breakdown {
    u64 accept_ns; /* before the first byte: in the listener's queue */
    u64 unread_ns; /* before the first byte: accepted, or arrived, and not read; a pool's queue, a busy event loop */
    u64 spent_ns[TIME_STATES];
    u64 gc_ns; /* the part of TIME_ON_CPU in Python's garbage collector, where its probes are attached */
    u32 thread;
    u32 flags; /* enum breakdown_flag */
    struct peer peers[PEERS];
};
CONTRACT_ASSERT(sizeof(struct breakdown) == 16 + 8 * TIME_STATES + 8 + 8 + PEERS * sizeof(struct peer),
                "breakdown is shared");

struct record_traced {
    struct record_response response;
    struct breakdown time;
};
CONTRACT_ASSERT(sizeof(struct record_traced) == sizeof(struct record_response) + sizeof(struct breakdown),
                "record_traced is shared");

/* ---- requests in flight --------------------------------------------------------------------- */

/* How a value of the map `traced` begins, which is by connection: what user space reads of requests in flight. */
struct traced_head {
    u64 accept_ns;
    u64 unread_ns;
    u64 began;
    u32 thread; /* that serves the current request; 0: none is in flight, or it is not known */
    u8 accept_known;
    u8 interleaved;
    u8 reserved[2];
    u64 begun_ns; /* the request's first byte */
};
CONTRACT_ASSERT(sizeof(struct traced_head) == 40, "traced_head is shared");

#ifdef __cplusplus
} // namespace contract
#endif

#endif

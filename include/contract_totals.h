/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the kernel side counts per worker: part of contract.h, which is what to include. */
#ifndef GUNICORN_BPF_CONTRACT_TOTALS_H
#define GUNICORN_BPF_CONTRACT_TOTALS_H

#include "contract_limits.h"

#ifdef __cplusplus
namespace contract {
#endif

/* ---- totals ------------------------------------------------------------------------------- */

/* Why a request got no complete answer. RFC 9112 section 8 for "incomplete". */
enum ended_by {
    BY_CLIENT = 0, /* the peer closed or reset first */
    BY_SERVER = 1, /* the worker closed before the answer was complete */
    BY_EXIT = 2,   /* the worker ended */
    ENDED_BY_COUNT = 3,
};

/* How a stream ended: enum ended_by, or by its framing. */
enum { STREAM_COMPLETE = ENDED_BY_COUNT, STREAM_ENDS = ENDED_BY_COUNT + 1 };

/* What a connection turned out to be when it ended. */
enum connection_kind {
    CONNECTION_HTTP = 0,    /* at least one response */
    CONNECTION_EMPTY = 1,   /* no byte was read */
    CONNECTION_PARTIAL = 2, /* bytes, but neither a complete request head nor a response */
    CONNECTION_ABORTED = 3, /* a complete request head, no response */
    CONNECTION_TLS = 4,     /* encrypted: cannot be seen into */
    CONNECTION_HTTP2 = 5,   /* cleartext HTTP/2: not decoded */
    CONNECTION_OPAQUE = 6,  /* the server answered something that is not HTTP/1, or dropped: see enum drop_reason */
    CONNECTION_ADOPTED = 7, /* open before the exporter started, never used again */
    CONNECTION_KINDS = 8,
};

/* The place in which a connection waits for its worker. */
enum wait_place {
    WAIT_ACCEPT = 0,     /* in the listener's queue: established, not accepted */
    WAIT_FIRST_READ = 1, /* accepted, its bytes not asked for: the pool of a threaded worker, a busy event loop */
    WAIT_NEXT_READ = 2,  /* likewise, of a later request on the connection: since its bytes came */
    WAIT_PLACES = 3,
};

/* What a worker sends on a connection that answers no request: an application's fault, mostly. */
enum protocol_error {
    ERROR_RESPONSE = 0, /* it begins like a response */
    ERROR_BYTES = 1,    /* anything else, such as the body of an answer to HEAD */
    PROTOCOL_ERRORS = 2,
};

struct durations {
    u64 buckets[DURATION_BUCKETS]; /* not cumulative */
    u64 sum_ns;
};

struct sizes {
    u64 buckets[SIZE_BUCKETS]; /* not cumulative */
    u64 sum_bytes;
};

struct lifetimes {
    u64 buckets[LIFETIME_BUCKETS]; /* not cumulative */
    u64 sum_ns;
};

/* What a worker is doing. The first five go up and down. */
struct activity {
    u64 in_flight; /* connections with a request that was begun (its first byte was read) and not answered */
    u64 open_connections;
    u64 served;        /* connections that occupy the worker, or a thread of it: enum concurrency */
    u64 open_streams;  /* responses without a length that are being sent */
    u64 websockets;    /* connections that were switched to the WebSocket protocol and are open */
    u64 busy_ns;       /* ended stretches of time in which `served` was not 0 */
    u64 busy_since_ns; /* when the present one began; 0: there is none */
    u64 poller;        /* the epoll instance in which the main thread waited last: its descriptor + 1; 0: none */
};

/* Value of the map `totals`: one per slot, only ever added to while the slot belongs to a process, but for `activity`. A
 * response grows duration_buckets first and responses last: while the sums of the two differ, one is being counted. */
struct worker_totals {
    u64 duration_buckets[DURATION_BUCKETS]; /* not cumulative */
    u64 duration_sum_ns;
    u64 responses[STATUS_SLOTS];          /* by status code - STATUS_FIRST */
    u64 incomplete[ENDED_BY_COUNT];       /* counted in responses too */
    u64 aborted[ENDED_BY_COUNT];          /* requests without a response: in nothing else */
    u64 connections[CONNECTION_KINDS];    /* ended ones */
    u64 unserved;                         /* pipelined requests that were read and never answered */
    u64 protocol_errors[PROTOCOL_ERRORS]; /* by enum protocol_error; one for all that is sent up to the next request */
    struct durations first_byte;          /* of every response: from its request's first byte to its own first byte */
    struct sizes request_sizes;  /* of every response's request: head and body, as far as they were read by then */
    struct sizes response_sizes; /* head and body, as far as they were accepted by the kernel */
    struct durations waits[WAIT_PLACES]; /* by enum wait_place; of connections, and of their later requests */
    u64 unknown_waits[WAIT_PLACES];    /* likewise, of which it could not be told how long they were: not in `waits` */
    u64 last_logged_ns;                /* when an exception was logged last */
    u64 last_polled_ns;                /* when epoll_wait returned last: then an event loop's turn began */
    u64 raise_missed_ns;               /* when an exception passed a framework and could not be remembered, last */
    u64 streams[STREAM_ENDS];          /* ended ones, by enum ended_by or STREAM_COMPLETE */
    u64 websockets[ENDED_BY_COUNT];    /* ended ones */
    struct lifetimes stream_lifetimes; /* of ended ones: from the first byte accepted by the kernel to the end */
    struct lifetimes websocket_lifetimes; /* likewise, from the 101 to the end of the connection */
    struct activity activity;
};

/* ---- what an interpreter's own probes (USDT) tell ---------------------------------------------- */

struct pauses {
    u64 buckets[PAUSE_BUCKETS]; /* not cumulative */
    u64 sum_ns;
};

/* Value of the map `gc_pauses`, by slot: how long the garbage collector stopped its thread, by generation. */
struct gc_pauses {
    struct pauses generations[GC_GENERATIONS];
};

/* When a module was imported: before the worker accepted its first connection, or later. */
enum import_phase { IMPORT_AT_BOOT = 0, IMPORT_WHEN_SERVING = 1, IMPORT_PHASES = 2 };

/* Value of the map `imports`, by slot. */
struct imports {
    u64 modules[IMPORT_PHASES]; /* that were looked for and loaded, or not found */
    u64 time_ns[IMPORT_PHASES]; /* in outermost imports, which contain the others */
};

#ifdef __cplusplus
} // namespace contract
#endif

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What stays open behind a response's head: streams, of which the head says no length, and WebSockets. How many there are, how
 * they end and how long they live.
 */
#ifndef GUNICORN_BPF_CONN_OPEN_STREAMS_H
#define GUNICORN_BPF_CONN_OPEN_STREAMS_H

#include "conn/maps.h"
#include "core/histogram.h"

/* 1: a response without a length (RFC 9112 section 6.3: chunked, or until the connection ends) has begun and not ended; else 0.
 * Without branches, which would double the verifier's work behind each run. */
static __always_inline u32 is_open_stream(const struct connection *connection) {
    const u32 sent = 1 << PHASE_CHUNK_SIZE | 1 << PHASE_CHUNK_DATA | 1 << PHASE_TRAILER | 1 << PHASE_UNTIL_CLOSE;
    const struct stream *stream = &connection->streams[TO_CLIENT];
    u32 phase = stream->phase & 31;
    u32 chunked = stream->flags / STREAM_CHUNKED % 2;
    u32 head_done = stream->flags / STREAM_HEAD_DONE % 2;

    return (sent >> phase | ((1u << PHASE_UNTIL_NEXT) >> phase & chunked)) & head_done;
}

static __always_inline void add_lifetime(struct lifetimes *lifetimes, u64 from_ns, u64 until_ns) {
    add_to_histogram(lifetimes->buckets, &lifetimes->sum_ns, lifetime_bounds_ns, LIFETIME_BOUNDS,
                     until_ns > from_ns ? until_ns - from_ns : 0);
}

static __always_inline void begin_stream(struct connection *connection, struct worker_totals *total, u64 now_ns) {
    connection->opened_ns = now_ns;
    connection->ended = 0;
    increment(&total->activity.open_streams);
}

/* One that is not followed any more has not ended, as far as we know: no end is counted. */
static __always_inline void end_stream(struct connection *connection, struct worker_totals *total, u64 now_ns) {
    u32 how = connection->ended;

    __sync_fetch_and_add(&total->activity.open_streams, (u64)-1);
    if (!how) return;
    increment(&total->streams[at_most(how - 1, STREAM_ENDS - 1)]);
    add_lifetime(&total->stream_lifetimes, connection->opened_ns, now_ns);
}

/* A 101 has been sent, by which the connection becomes a WebSocket. */
static __always_inline void begin_websocket(struct connection *connection, struct worker_totals *total, u64 now_ns) {
    for (u32 i = 0; i < 2; i++) {
        connection->streams[i].remaining = 0;
        connection->streams[i].partial_bytes = 0;
    }
    connection->counted |= COUNTED_WEBSOCKET | COUNTED_FRAMES;
    connection->ended = 0;
    connection->opened_ns = now_ns;
    increment(&total->activity.websockets);
}

/* Who sends a Close frame first ends it, and the other one only answers (RFC 6455 section 7.1). Without one, who closes the connection
 * first does. */
static __always_inline void note_websocket_end(struct connection *connection, u32 ended_by) {
    connection->counted &= (u8)~COUNTED_FRAMES;
    if (!connection->ended) connection->ended = (u8)(1 + ended_by);
}

/* The connection has ended. */
static __always_inline void end_websocket(struct connection *connection, struct worker_totals *total, u32 ended_by,
                                          u64 now_ns) {
    if (!(connection->counted & COUNTED_WEBSOCKET)) return;
    note_websocket_end(connection, ended_by);
    connection->counted &= (u8)~COUNTED_WEBSOCKET;
    __sync_fetch_and_add(&total->activity.websockets, (u64)-1);
    increment(&total->websockets[at_most(connection->ended - 1u, ENDED_BY_COUNT - 1)]);
    add_lifetime(&total->websocket_lifetimes, connection->opened_ns, now_ns);
}

#endif

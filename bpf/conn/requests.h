/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests of a connection: begun, their line kept, waiting in order of arrival, and what a response's head has
 * to know of the request that it answers. Pure state; the callbacks of http/parser.h.
 */
#ifndef GUNICORN_BPF_CONN_REQUESTS_H
#define GUNICORN_BPF_CONN_REQUESTS_H

#include "conn/maps.h"

static __always_inline struct io_ctx *io_ctx_of(struct iov_cursor *cursor) {
    return (struct io_ctx *)((char *)cursor - __builtin_offsetof(struct io_ctx, cursor));
}

/* Position in a stream of the next byte to look at. Bytes kept from an earlier call are behind it. */
static __always_inline u64 position_in(const struct stream *stream, const struct iov_cursor *cursor) {
    return stream->moved - cursor->bytes - (cursor->end - cursor->at);
}

static __always_inline void begin_request(struct request *request, u64 now_ns, u64 begins_at, u8 flags) {
    request->first_byte_ns = now_ns;
    request->begins_at = begins_at;
    request->line_bytes = 0;
    request->flags = flags;
}

/* Nothing of what follows on the connection is looked at. */
static __always_inline void ignore_connection(struct connection *connection) {
    connection->streams[FROM_CLIENT].phase = PHASE_IGNORED;
    connection->streams[TO_CLIENT].phase = PHASE_IGNORED;
}

/* Nothing of it is understood any more. Requests that are open are neither served nor aborted, as far as we know. */
static __always_inline void abandon_connection(struct connection *connection) {
    connection->flags |= CONNECTION_SAW_OTHER;
    ignore_connection(connection);
}

/* True while nothing but a PROXY header has been seen. */
static __always_inline int is_fresh(const struct connection *connection) {
    return !connection->responses && !connection->queued;
}

/* An adopted connection may be in the middle of a request. It is understood from the first call on that
 * begins like a request; bodies that begin like one are a risk only in that one moment. */
static __always_inline int looks_like_request(const struct iov_cursor *cursor) {
    u64 word = word_at(cursor, cursor->at);
    u32 first4 = (u32)word;

#define BEGINS(word32, a, b, c, d) ((word32) == ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24))
    return cursor->at + 8 <= cursor->end && (BEGINS(first4, 'G', 'E', 'T', ' ') || BEGINS(first4, 'P', 'O', 'S', 'T') ||
                                             BEGINS(first4, 'P', 'U', 'T', ' ') || BEGINS(first4, 'H', 'E', 'A', 'D') ||
                                             BEGINS(first4, 'P', 'A', 'T', 'C') || BEGINS(first4, 'D', 'E', 'L', 'E') ||
                                             BEGINS(first4, 'O', 'P', 'T', 'I'));
#undef BEGINS
}

/* True if the place in either direction is not known. That of a connection which was open before the exporter is not. */
static __always_inline int is_place_lost(const struct connection *connection) {
    return connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE) ||
           connection->streams[TO_CLIENT].phase == PHASE_UNTIL_NEXT;
}

/* One call brought more than the programs may walk: the place in the rest of its message is lost, and no more than that. The
 * client's bytes are decoded again from the next request on. A response whose status is known ends with the next message; until
 * then all bytes are taken for its body. */
static __always_inline void lose_place(struct connection *connection, u8 direction) {
    struct stream *stream = &connection->streams[direction & 1];

    stream->partial_bytes = 0;
    if (direction == FROM_CLIENT) {
        connection->flags |= CONNECTION_LOST_PLACE;
        stream->phase = PHASE_IDLE;
    } else if (stream->flags & STREAM_HEAD_DONE || is_within_fields(stream->phase)) {
        stream->flags |= STREAM_HEAD_DONE;
        stream->phase = PHASE_UNTIL_NEXT;
    } else {
        abandon_connection(connection);
    }
}

/* Finds the lost place in the client's bytes: a call that begins like a request, once the current request is answered. Any other
 * call is skipped. */
static __always_inline int finds_place(struct connection *connection, struct iov_cursor *cursor) {
    if ((connection->queued && connection->streams[TO_CLIENT].phase != PHASE_UNTIL_NEXT) ||
        !fill_first_window(&connection->streams[FROM_CLIENT], cursor) || !looks_like_request(cursor)) {
        skip_everything(cursor);
        return 0;
    }
    if (connection->flags & CONNECTION_IS_ADOPTED) connection->streams[TO_CLIENT].phase = PHASE_IDLE;
    connection->flags &= (u16) ~(CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE);
    return 1;
}

/* A call begins on a connection whose place is lost. EVENT_CONTINUE: its bytes are to be decoded. EVENT_RESPONSE_END: first, the
 * response whose place was lost is at its end. EVENT_NEED_MORE: the call is skipped. */
static __always_inline u8 on_call_start(struct connection *connection, struct iov_cursor *cursor, u8 direction) {
    struct stream *response = &connection->streams[TO_CLIENT];

    if (direction == FROM_CLIENT && connection->streams[FROM_CLIENT].phase == PHASE_IDLE) {
        if (connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE) && !finds_place(connection, cursor))
            return EVENT_NEED_MORE;
        /* The server reads the next request, so it has sent the response. */
        if (response->phase == PHASE_UNTIL_NEXT && connection->queued == 1) return EVENT_RESPONSE_END;
    }
    if (direction == TO_CLIENT && response->phase == PHASE_UNTIL_NEXT && connection->queued > 1 &&
        fill_first_window(response, cursor) && looks_like_status_line(cursor))
        return EVENT_RESPONSE_END;
    return EVENT_CONTINUE;
}

static __always_inline u8 on_request_start(struct connection *connection, struct iov_cursor *cursor) {
    u64 now_ns = io_ctx_of(cursor)->now_ns;

    if (connection->queued) return EVENT_PIPELINED;
    /* A TLS record of type handshake (RFC 8446 section 5.1); no method begins with that byte. The server may
     * not speak TLS and answer: then the answer counts. */
    if (byte_at(cursor, cursor->at) == 0x16 && is_fresh(connection)) {
        connection->flags |= CONNECTION_SAW_TLS;
        connection->streams[FROM_CLIENT].phase = PHASE_IGNORED;
    }
    if (byte_at(cursor, cursor->at) == 0 && (is_fresh(connection) || connection->flags & CONNECTION_SAW_UWSGI)) {
        connection->streams[FROM_CLIENT].phase = PHASE_SIGNATURE;
        connection->streams[FROM_CLIENT].flags = 0;
    }
    begin_request(&connection->current, now_ns, position_in(&connection->streams[FROM_CLIENT], cursor), 0);
    connection->queued = 1;
    return EVENT_CONTINUE;
}

static __always_inline void on_preamble(struct connection *connection, int is_uwsgi) {
    if (is_uwsgi) {
        connection->flags |= CONNECTION_SAW_UWSGI;
        connection->current.flags |= REQUEST_UWSGI;
    } else {
        connection->queued = 0; /* the request is still to come */
    }
}

/* Appends window[line, found) to the request's line. */
static __always_inline void append_line(struct request *request, struct iov_cursor *cursor) {
    u32 have = at_most(request->line_bytes, REQUEST_LINE_BYTES);
    u32 more = at_most(cursor->found - cursor->line, WINDOW_BYTES + PARTIAL_LINE_BYTES);
    const u8 *from = cursor->window + (cursor->line & WINDOW_MASK);

    if (have + more > REQUEST_LINE_BYTES) request->flags |= REQUEST_LINE_CUT;
    more = at_most(more, REQUEST_LINE_BYTES);
    if (!have) {
        copy_bytes(request->line, more, from);
    } else {
        u8 *joined = io_ctx_of(cursor)->joined;

        copy_bytes(joined, REQUEST_LINE_BYTES, request->line);
        copy_bytes(joined + have, more, from);
        copy_bytes(request->line, REQUEST_LINE_BYTES, joined);
    }
    request->line_bytes = (u16)at_most(have + more, REQUEST_LINE_BYTES);
}

/* The request whose line is being read: the last one in the queue. */
static __always_inline struct request *newest_request(struct connection *connection, struct iov_cursor *cursor) {
    if (connection->queued < 2) return &connection->current;

    struct pipelined_key key = {
        .connection = io_ctx_of(cursor)->key,
        .ordinal = connection->next_ahead + connection->queued - 2,
    };
    return bpf_map_lookup_elem(&pipelined, &key);
}

static __always_inline void read_request_line(struct request *request) {
    u32 bytes = request->line_bytes;
    u64 first = *(const u64 *)request->line;

    request->flags |= REQUEST_LINE_DONE;
    if (bytes) {
        u32 last = at_most(bytes - 1, REQUEST_LINE_BYTES - 1);
        if (request->line[last] == '\r') request->line_bytes = (u16)last;
    }
    if (bytes >= 5 && (first & 0xffffffffffull) == WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0))
        request->flags |= REQUEST_HEAD;
}

static __always_inline u8 on_request_line(struct connection *connection, struct iov_cursor *cursor, u8 last) {
    struct request *request = newest_request(connection, cursor);

    if (!request) return LINE_FULL; /* a pipelined request without room, counted when it began */
    append_line(request, cursor);
    if (!last) return request->flags & REQUEST_LINE_CUT ? LINE_FULL : LINE_KEPT;
    if (request->flags & REQUEST_UWSGI) {
        request->flags |= REQUEST_LINE_DONE;
        return LINE_KEPT;
    }
    read_request_line(request);
    if (connection->responses || connection->queued != 1) return LINE_KEPT;

    u64 first = *(const u64 *)request->line;
    if ((first & 0xffffffffffffull) == WORD('P', 'R', 'O', 'X', 'Y', ' ', 0, 0) &&
        !(connection->flags & CONNECTION_SAW_PROXY)) {
        connection->flags |= CONNECTION_SAW_PROXY;
        connection->queued = 0;
        return LINE_DROPPED;
    }
    if (first == WORD('P', 'R', 'I', ' ', '*', ' ', 'H', 'T') && request->line_bytes == 14) {
        connection->flags |= CONNECTION_SAW_HTTP2;
        return LINE_OPAQUE;
    }
    return LINE_KEPT;
}

static __always_inline void on_response_head(struct connection *connection, struct stream *stream) {
    u16 status = stream->status;

    if (status == 101 || status == 204 || status == 304 ||
        (connection->queued && connection->current.flags & REQUEST_HEAD))
        stream->flags |= STREAM_NO_BODY;
}

/* A request begins behind unanswered ones: makes room for its line. */
static __always_inline void begin_pipelined(struct connection *connection, struct io_ctx *io) {
    u32 index = NEW_ACCEPTED; /* the current request of which is never written */
    struct connection *blank = bpf_map_lookup_elem(&new_connection, &index);
    struct pipelined_key key = {
        .connection = io->key,
        .ordinal = connection->next_ahead + connection->queued - 1,
    };

    connection->streams[FROM_CLIENT].phase = PHASE_LINE;
    connection->streams[FROM_CLIENT].flags = 0;
    connection->queued++;
    if (connection->queued > PIPELINE_DEPTH || !blank ||
        bpf_map_update_elem(&pipelined, &key, &blank->current, BPF_ANY)) {
        count_drop(DROP_PIPELINE_FULL);
        return;
    }
    struct request *request = bpf_map_lookup_elem(&pipelined, &key);
    if (request)
        begin_request(request, io->now_ns, position_in(&connection->streams[FROM_CLIENT], &io->cursor), REQUEST_AHEAD);
}

/* The current request is done with: the next in the queue becomes the current one. */
static __always_inline void next_request(struct connection *connection, const struct connection_key *owner) {
    if (!connection->queued) return;
    connection->queued--;
    if (!connection->queued) return;

    struct pipelined_key key = {.connection = *owner, .ordinal = connection->next_ahead};
    struct request *request = bpf_map_lookup_elem(&pipelined, &key);

    connection->next_ahead++;
    if (request) {
        copy_bytes(&connection->current, sizeof connection->current, request);
        bpf_map_delete_elem(&pipelined, &key);
    } else {
        begin_request(&connection->current, connection->last_end_ns, connection->streams[FROM_CLIENT].moved,
                      REQUEST_AHEAD);
    }
}

/* The head of the current request has been read completely, or it is not known whether it has. */
static __always_inline int current_head_done(const struct connection *connection) {
    return connection->queued > 1 || connection->flags & CONNECTION_LOST_PLACE ||
           (connection->queued == 1 && connection->streams[FROM_CLIENT].flags & STREAM_HEAD_DONE);
}

#endif

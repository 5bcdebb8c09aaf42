/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests of a connection: begun, their line kept, waiting in order of arrival, and what a response's head has
 * to know of the request that it answers. Pure state; the callbacks of http/parser.h.
 */
#ifndef GUNICORN_BPF_CONN_REQUESTS_H
#define GUNICORN_BPF_CONN_REQUESTS_H

#include "conn/place.h"

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

static __always_inline void on_blank_line(struct connection *connection) { connection->marks |= MARK_BLANK; }

/* A server may begin a connection with a response (408), and answer an empty line, and what it does not take for a request's end. */
static __always_inline u32 who_asked(const struct connection *connection) {
    if (connection->queued || !connection->responses || connection->marks & MARK_BLANK ||
        answers_skipped_request(connection))
        return ASKED;
    return connection->streams[FROM_CLIENT].details & DETAIL_DISPUTED ? ASKED_BY_REST : UNASKED;
}

static __always_inline u8 on_request_start(struct connection *connection, struct iov_cursor *cursor) {
    u64 now_ns = io_ctx_of(cursor)->now_ns;

    connection->marks = 0;
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

/* What the framing of the response depends on, of a line's first 8 bytes of which `bytes` are there: enum request_flag. */
static __always_inline u8 method_flags(u64 first, u32 bytes) {
    if (bytes >= 5 && (first & 0xffffffffffull) == WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0)) return REQUEST_HEAD;
    if (bytes >= 8 && first == WORD('C', 'O', 'N', 'N', 'E', 'C', 'T', ' ')) return REQUEST_CONNECT;
    return 0;
}

/* Where struct pipelined_methods has a request. */
static __always_inline u64 method_bit(u32 ordinal) { return 1ull << (ordinal & 63); }
static __always_inline u32 method_word(u32 ordinal) { return ordinal / 64 & (PIPELINE_METHODS / 64 - 1); }

/* The newest request, for whose line there is no room: notes its method. True once it is known. */
static __always_inline int note_method(struct connection *connection, const struct iov_cursor *cursor) {
    struct pipelined_methods *methods = &connection->methods;
    u32 have = methods->beginning_bytes;
    u32 ordinal = connection->next_ahead + connection->queued - 2;
    u64 bit = method_bit(ordinal);
    u32 at = method_word(ordinal);
    u8 flags;

    for (u32 i = 0; i < sizeof methods->beginning; i++) {
        if (have >= sizeof methods->beginning || cursor->line + i >= cursor->found) break;
        methods->beginning[have & 7] = byte_at(cursor, cursor->line + i);
        have++;
    }
    methods->beginning_bytes = (u8)have;
    flags = method_flags(*(const u64 *)methods->beginning, have);
    if (connection->queued < 2) {
        connection->current.flags |= flags;
    } else {
        if (flags & REQUEST_HEAD) methods->head[at] |= bit;
        if (flags & REQUEST_CONNECT) methods->connect[at] |= bit;
    }
    return have >= sizeof methods->beginning;
}

static __always_inline void forget_method(struct connection *connection, u32 ordinal) {
    u64 bit = method_bit(ordinal);
    u32 at = method_word(ordinal);

    connection->methods.head[at] &= ~bit;
    connection->methods.connect[at] &= ~bit;
    connection->methods.beginning_bytes = 0;
}

/* enum request_flag of a request whose line was not kept. */
static __always_inline u8 flags_of_lost(const struct connection *connection, u32 ordinal) {
    u64 bit = method_bit(ordinal);
    u32 at = method_word(ordinal);

    return REQUEST_AHEAD | REQUEST_LOST | (connection->methods.head[at] & bit ? REQUEST_HEAD : 0) |
           (connection->methods.connect[at] & bit ? REQUEST_CONNECT : 0);
}

static __always_inline void read_request_line(struct request *request) {
    u32 bytes = request->line_bytes;
    u64 first = *(const u64 *)request->line;

    request->flags |= REQUEST_LINE_DONE;
    if (bytes) {
        u32 last = at_most(bytes - 1, REQUEST_LINE_BYTES - 1);
        if (request->line[last] == '\r') request->line_bytes = (u16)last;
    }
    request->flags |= method_flags(first, bytes);
}

/* The newest request is none. Behind a response of which the end is not known others wait before it. */
static __always_inline void take_back_newest(struct connection *connection, struct iov_cursor *cursor) {
    struct pipelined_key key = {
        .connection = io_ctx_of(cursor)->key,
        .ordinal = connection->next_ahead + connection->queued - 2,
    };

    bpf_map_delete_elem(&pipelined, &key); /* the only one is not there */
    connection->queued--;
}

static __always_inline u8 on_request_line(struct connection *connection, struct iov_cursor *cursor, u8 last) {
    struct request *request = newest_request(connection, cursor);

    if (!request || request->flags & REQUEST_LOST) return note_method(connection, cursor) ? LINE_FULL : LINE_KEPT;
    append_line(request, cursor);
    if (!last) return request->flags & REQUEST_LINE_CUT ? LINE_FULL : LINE_KEPT;
    if (request->flags & REQUEST_UWSGI) {
        request->flags |= REQUEST_LINE_DONE;
        return LINE_KEPT;
    }
    read_request_line(request);
    if (connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE)) {
        if (!is_like_request(request)) {
            take_back_newest(connection, cursor);
            return LINE_SKIPPED;
        }
        find_place(connection);
    }
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

    u8 request = connection->queued ? connection->current.flags : 0;

    if (status == 101 || status == 204 || status == 304 || request & REQUEST_HEAD ||
        (request & REQUEST_CONNECT && status >= 200 && status < 300))
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

    if (connection->queued > PIPELINE_METHODS) {
        /* Where their responses end could not be told: goes on with the next request behind them. */
        count_drop(DROP_PIPELINE_FULL);
        lose_place(connection, FROM_CLIENT, RESYNC_PIPELINE_FULL);
        skip_everything(&io->cursor);
        return;
    }
    connection->marks &= (u8)~MARK_BLANK;
    connection->streams[FROM_CLIENT].phase = PHASE_LINE;
    connection->streams[FROM_CLIENT].flags = 0;
    forget_method(connection, key.ordinal);
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
                      flags_of_lost(connection, key.ordinal));
    }
}

/* The head of the current request has been read completely, or it is not known whether it has. */
static __always_inline int current_head_done(const struct connection *connection) {
    return connection->queued > 1 || connection->flags & CONNECTION_LOST_PLACE ||
           (connection->queued == 1 && connection->streams[FROM_CLIENT].flags & STREAM_HEAD_DONE);
}

#endif

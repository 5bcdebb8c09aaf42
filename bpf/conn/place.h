/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The place in a connection's bytes: not known of one that was open before the programs ran, lost where a message's end cannot be
 * told or a call brings more than may be walked, and found again at the next request.
 */
#ifndef GUNICORN_BPF_CONN_PLACE_H
#define GUNICORN_BPF_CONN_PLACE_H

#include "conn/maps.h"

static __always_inline struct io_ctx *io_ctx_of(struct iov_cursor *cursor) {
    return (struct io_ctx *)((char *)cursor - __builtin_offsetof(struct io_ctx, cursor));
}

enum {
    METHOD_BYTES = 24, /* of the longest method that is looked for; the longest registered one has 17 */
    VERSION_BYTES = 9, /* of " HTTP/1.1" */
};

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

/* Characters of a method (RFC 9110 section 5.6.2), from ' ' to '?' and from '@' to DEL. */
#define METHOD_CHARACTERS_LOW 0x03ff6cfa00000000ull
#define METHOD_CHARACTERS_HIGH 0x57ffffffc7fffffeull

static __always_inline int is_method_character(u8 byte) {
    return byte<64 ? METHOD_CHARACTERS_LOW >> byte & 1 : byte<128 && METHOD_CHARACTERS_HIGH>>(byte & 63) & 1;
}

enum likeness {
    UNLIKE_REQUEST,
    BEGINS_LIKE_METHOD, /* and there is no more */
    BEGINS_LIKE_REQUEST,
};

/* A connection whose place is not known may be in the middle of a body. It is understood from the first call on that begins like a
 * request, and whose line is like one. `first`: at least METHOD_BYTES + 1 bytes may be read. */
static __always_inline u32 likeness_to_request(const u8 *first, u32 bytes) {
    for (u32 i = 0; i < METHOD_BYTES; i++) {
        if (i == bytes) return i ? BEGINS_LIKE_METHOD : UNLIKE_REQUEST;
        if (first[i] == ' ') return i && (i + 1 == bytes || first[i + 1] != ' ') ? BEGINS_LIKE_REQUEST : UNLIKE_REQUEST;
        if (!is_method_character(first[i])) return UNLIKE_REQUEST;
    }
    return UNLIKE_REQUEST;
}

/* A method begins the line, and " HTTP/1.1" ends it, or its end was not kept. */
static __always_inline int is_like_request(const struct request *request) {
    u32 bytes = request->line_bytes;
    const u64 wanted = WORD(' ', 'H', 'T', 'T', 'P', '/', 0, 0);

    if (bytes < VERSION_BYTES || likeness_to_request(request->line, bytes) != BEGINS_LIKE_REQUEST) return 0;
    if (request->flags & REQUEST_LINE_CUT) return 1;
    return (*(const u64 *)(request->line + at_most(bytes - VERSION_BYTES, REQUEST_LINE_BYTES - VERSION_BYTES)) &
            0xffffffffffffull) == wanted;
}

/* True if the place in either direction is not known. That of a connection which was open before the exporter is not. */
static __always_inline int is_place_lost(const struct connection *connection) {
    return connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE) ||
           connection->streams[TO_CLIENT].phase == PHASE_UNTIL_NEXT;
}

/* One call brought more than the programs may walk: the place in the rest of its message is lost, and no more than that. The
 * client's bytes are decoded again from the next request on. A response whose status is known ends with the next message; until
 * then all bytes are taken for its body. */
static __always_inline void lose_place(struct connection *connection, u8 direction, u8 lost_by) {
    struct stream *stream = &connection->streams[direction & 1];

    stream->partial_bytes = 0;
    if (direction == FROM_CLIENT) {
        connection->flags |= CONNECTION_LOST_PLACE;
        connection->lost_by = lost_by;
        stream->phase = PHASE_IDLE;
    } else if (response_is_open(connection) || is_within_fields(stream->phase)) {
        stream->flags |= STREAM_HEAD_DONE;
        stream->phase = PHASE_UNTIL_NEXT;
    } else {
        abandon_connection(connection);
    }
}

/* Passes over empty lines before a request; two are enough. */
static __always_inline int pass_empty_lines(struct iov_cursor *cursor) {
    for (u32 i = 0; i < 4; i++)
        if (cursor->at < cursor->end && (byte_at(cursor, cursor->at) == '\r' || byte_at(cursor, cursor->at) == '\n'))
            cursor->at++;
    cursor->line = cursor->at;
    return 1;
}

/* Looks for the lost place in the client's bytes: a call that begins like a request, once the current request is answered. Any
 * other call is skipped. */
static __always_inline int is_at_request(struct connection *connection, struct iov_cursor *cursor) {
    if ((!connection->queued || connection->streams[TO_CLIENT].phase == PHASE_UNTIL_NEXT) &&
        fill_first_window(&connection->streams[FROM_CLIENT], cursor) && pass_empty_lines(cursor) &&
        likeness_to_request(cursor->window + (cursor->at & WINDOW_MASK), cursor->end - cursor->at))
        return 1;
    skip_everything(cursor);
    return 0;
}

/* A request's line has confirmed it. */
static __always_inline void find_place(struct connection *connection) {
    u32 reason = connection->lost_by;

    if (connection->flags & CONNECTION_IS_ADOPTED)
        connection->streams[TO_CLIENT].phase = PHASE_IDLE;
    else if (reason < RESYNC_REASONS)
        count_drop(DROP_REASONS + reason);
    connection->flags &= (u16) ~(CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE);
}

/* A response begins without a request because requests were skipped. */
static __always_inline int answers_skipped_request(const struct connection *connection) {
    return !connection->queued && connection->flags & CONNECTION_LOST_PLACE && connection->lost_by != RESYNC_TUNNEL;
}

/* A response is open whose end is not known, or whose body does not come if it answers HEAD, and another may follow it. */
static __always_inline int may_be_followed(const struct connection *connection) {
    const struct stream *response = &connection->streams[TO_CLIENT];

    if (response->phase == PHASE_UNTIL_NEXT) return connection->queued > 1;
    return answers_skipped_request(connection) && response->phase == PHASE_BODY &&
           response->remaining == response->length;
}

/* A call begins on a connection whose place is lost. EVENT_CONTINUE: its bytes are to be decoded. EVENT_RESPONSE_END: first, the
 * response whose place was lost is at its end. EVENT_NEED_MORE: the call is skipped. */
static __always_inline u8 on_call_start(struct connection *connection, struct iov_cursor *cursor, u8 direction) {
    struct stream *response = &connection->streams[TO_CLIENT];

    if (direction == FROM_CLIENT && connection->streams[FROM_CLIENT].phase == PHASE_IDLE) {
        /* The server reads the next request, so it has sent the response. */
        if (connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_LOST_PLACE)) {
            if (!is_at_request(connection, cursor)) return EVENT_NEED_MORE;
            if (!connection->queued && response_is_open(connection)) {
                io_ctx_of(cursor)->is_begun = 0; /* the place is found once that has ended */
                return EVENT_RESPONSE_END;
            }
        }
        if (response->phase == PHASE_UNTIL_NEXT && connection->queued == 1) return EVENT_RESPONSE_END;
    }
    /* A body may be sent byte by byte, a status line is not. */
    if (direction == TO_CLIENT && response->phase == PHASE_IDLE && answers_skipped_request(connection) &&
        fill_first_window(response, cursor) && cursor->end - cursor->at < STATUS_LINE_PREFIX_BYTES) {
        skip_everything(cursor);
        return EVENT_NEED_MORE;
    }
    if (direction == TO_CLIENT && may_be_followed(connection) && fill_first_window(response, cursor) &&
        cursor->end - cursor->at >= STATUS_LINE_PREFIX_BYTES && looks_like_status_line(cursor))
        return EVENT_RESPONSE_END;
    return EVENT_CONTINUE;
}

#endif

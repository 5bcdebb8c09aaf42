/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Cuts one direction of an HTTP/1 connection, a stream of bytes, into messages by their framing (RFC 9112
 * sections 2.2, 6 and 7). The bytes arrive in any pieces; what is unfinished is kept in struct stream.
 *
 * The same source is compiled for the kernel, for the unit tests and for the fuzzer. It is one flat loop of
 * small steps over a window, with all state in memory: the verifier then sees the same state in every turn (core/loop.h).
 *
 * The includer defines
 *   u8 on_request_start(connection, cursor)      EVENT_CONTINUE, or an event; the first byte is at cursor->at
 *   void on_blank_line(connection)               between requests
 *   u32 who_asked(connection)                    which response may begin: enum asked
 *   u8 on_request_line(connection, cursor, last) a piece of it is in window[line, found); enum line_verdict
 *   void on_response_head(connection, stream)  sets STREAM_NO_BODY where the message ends here
 *   void on_preamble(connection, is_uwsgi)     what began with NUL is a uwsgi request, or a PROXY header
 */
#ifndef GUNICORN_BPF_HTTP_PARSER_H
#define GUNICORN_BPF_HTTP_PARSER_H

#include "core/loop.h"
#include "http/headers.h"

struct connection;

/* Callbacks; see the top of this file. */
static __always_inline u8 on_request_start(struct connection *connection, struct iov_cursor *cursor);
static __always_inline void on_blank_line(struct connection *connection);
static __always_inline u32 who_asked(const struct connection *connection);
static __always_inline u8 on_request_line(struct connection *connection, struct iov_cursor *cursor, u8 last);
static __always_inline void on_response_head(struct connection *connection, struct stream *stream);
static __always_inline void on_preamble(struct connection *connection, int is_uwsgi);

static __always_inline u8 end_of_message(struct stream *stream, u8 direction) {
    stream->phase = PHASE_IDLE;
    return direction == TO_CLIENT ? EVENT_RESPONSE_END : EVENT_CONTINUE;
}

/* Decides how the message goes on behind its head (RFC 9112 section 6.3). */
static __always_inline u8 end_of_head(struct stream *stream, u8 direction) {
    u8 flags = stream->flags;

    stream->flags |= STREAM_HEAD_DONE;
    if (flags & STREAM_NO_BODY) return end_of_message(stream, direction);
    if (stream->details & DETAIL_UNSURE) return EVENT_NO_END;
    if (flags & STREAM_CHUNKED) {
        begin_chunk(stream);
    } else if (direction == FROM_CLIENT && stream->details & DETAIL_DISPUTED) {
        /* Another coding comes last: Gunicorn takes it for chunked or refuses it, as its version has it, and gevent.pywsgi takes the length. */
        return EVENT_NO_END;
    } else if (direction == TO_CLIENT && (stream->details & DETAIL_CODING || !(flags & STREAM_LENGTH))) {
        stream->phase = PHASE_UNTIL_CLOSE;
    } else if (flags & STREAM_LENGTH) {
        if (flags & STREAM_BAD || !(flags & STREAM_DIGITS)) {
            if (direction == FROM_CLIENT) return EVENT_NO_END;
            stream->phase = PHASE_UNTIL_NEXT;
            return EVENT_CONTINUE;
        }
        stream->remaining = stream->length;
        if (!stream->remaining) return end_of_message(stream, direction);
        stream->phase = PHASE_BODY;
    } else {
        return end_of_message(stream, direction);
    }
    return EVENT_CONTINUE;
}

static __always_inline int is_status_line(const struct iov_cursor *cursor) {
    return (word_at(cursor, cursor->line) & 0xffffffffffull) == WORD('H', 'T', 'T', 'P', '/', 0, 0, 0);
}

/* The first line of a message is in window[line, found). */
static __always_inline u8 read_first_line(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 is_cut = stream->flags & STREAM_CUT; /* then its status was not in doubt when it was cut */

    stream->phase = PHASE_FIELDS;
    stream->flags = 0;
    stream->details = 0;
    stream->field = FIELD_OTHER;
    if (direction == FROM_CLIENT) return EVENT_LINE_END;
    if (!is_status_line(cursor)) {
        /* It began like one, in a call that was too short to tell. */
        stream->phase = PHASE_IDLE;
        return EVENT_NOT_HTTP;
    }
    if (!is_cut && cursor->found > cursor->line + STATUS_LINE_PREFIX_BYTES + 16 && is_version_long(cursor)) {
        begin_version(stream, cursor);
        return EVENT_CONTINUE;
    }
    read_status(stream, cursor);
    next_line(cursor);
    return EVENT_CONTINUE;
}

/* Keeps a piece of the request's line. Not part of the loop, where the verifier would walk it in every turn. */
static __always_inline void keep_line(struct connection *connection, struct stream *stream, struct iov_cursor *cursor,
                                      u8 last) {
    u8 verdict = on_request_line(connection, cursor, last);

    if (stream->phase == PHASE_PACKET) {
        cursor->at = cursor->line = cursor->found;
        if (!last) return;
        stream->flags |= STREAM_HEAD_DONE;
        stream->phase = PHASE_IGNORED;
    } else if (verdict == LINE_SKIPPED) {
        stream->phase = PHASE_IDLE;
        skip_everything(cursor);
    } else if (last) {
        if (verdict == LINE_DROPPED) stream->phase = PHASE_IDLE;
        if (verdict == LINE_OPAQUE) stream->phase = PHASE_IGNORED;
        next_line(cursor);
    } else {
        if (verdict == LINE_FULL) stream->flags |= STREAM_CUT;
        cursor->line = cursor->found;
    }
}

/* The line in window[line, found) is complete. */
static __always_inline u8 read_line(struct connection *connection, struct stream *stream, struct iov_cursor *cursor,
                                    u8 direction) {
    u32 bytes = cursor->found - cursor->line;
    u8 empty = bytes == 0 || (bytes == 1 && byte_at(cursor, cursor->line) == '\r');

    stream->partial_bytes = 0;
    if (stream->phase == PHASE_REST) {
        stream->phase = PHASE_FIELDS;
        next_line(cursor);
        return EVENT_CONTINUE;
    }
    if (stream->phase == PHASE_LINE) return read_first_line(stream, cursor, direction);
    if (!empty) {
        if (stream->phase == PHASE_FIELDS) return read_field(stream, cursor, direction);
        stream->details |= DETAIL_DISPUTED; /* a trailer, which not all servers read */
        next_line(cursor);
        return EVENT_CONTINUE;
    }
    next_line(cursor);
    if (stream->phase == PHASE_TRAILER) return end_of_message(stream, direction);
    if (direction == TO_CLIENT) {
        if (stream->status >= 100 && stream->status < 200 && stream->status != 101) {
            /* An interim response (RFC 9110 section 15.2): the final one follows. */
            stream->phase = PHASE_IDLE;
            return EVENT_CONTINUE;
        }
        on_response_head(connection, stream);
    }
    return end_of_head(stream, direction);
}

/* 1: "HTTP/1.1 4", with any digit for the minor version; else 0. */
static __always_inline u32 begins_refusal(const struct iov_cursor *cursor) {
    return cursor->end - cursor->at > 9 &&
           (word_at(cursor, cursor->at + 8) & 0xffff) == WORD(' ', '4', 0, 0, 0, 0, 0, 0);
}

/* Reads bytes where a status line is expected. */
static __always_inline int looks_like_status_line(const struct iov_cursor *cursor) {
    u32 bytes = cursor->end - cursor->at;
    u64 wanted = WORD('H', 'T', 'T', 'P', '/', 0, 0, 0);
    u64 mask = 0xffffffffffull;

    if (bytes < 5) mask >>= (5 - bytes) * 8;
    return (word_at(cursor, cursor->at) & mask) == (wanted & mask);
}

static __always_inline u8 begin_message(struct connection *connection, struct stream *stream, struct iov_cursor *cursor,
                                        u8 direction) {
    u8 byte = byte_at(cursor, cursor->at);
    u8 event = EVENT_CONTINUE;

    cursor->line = cursor->at;
    if (direction == FROM_CLIENT) {
        /* RFC 9112 section 2.2: empty lines before a request line are ignored. */
        if (byte == '\r' || byte == '\n') {
            cursor->at++;
            cursor->line = cursor->at;
            on_blank_line(connection);
            return EVENT_CONTINUE;
        }
        event = on_request_start(connection, cursor);
    } else {
        if (!looks_like_status_line(cursor)) return EVENT_NOT_HTTP;
        if (begins_refusal(cursor) < cursor->asked) return EVENT_STRAY;
    }
    if (event == EVENT_CONTINUE && stream->phase == PHASE_IDLE) {
        stream->phase = PHASE_LINE;
        stream->flags = 0;
        stream->status = 0;
    }
    return event;
}

/* Reads the first bytes of a connection that begins with NUL. */
static __always_inline u8 read_signature(struct connection *connection, struct stream *stream,
                                         struct iov_cursor *cursor) {
    u32 line = cursor->line;

    if (cursor->end - line < PROXY_HEADER_BYTES) {
        cursor->at = cursor->end;
        return EVENT_CONTINUE;
    }
    stream->partial_bytes = 0;
    cursor->at = line;
    if (word_at(cursor, line) == WORD(0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n')) {
        stream->remaining = PROXY_HEADER_BYTES + ((u64)byte_at(cursor, line + PROXY_LENGTH_AT) << 8 |
                                                  byte_at(cursor, line + PROXY_LENGTH_AT + 1));
        stream->phase = PHASE_PREAMBLE;
        on_preamble(connection, 0);
    } else if (byte_at(cursor, line + 3) == 0 && (byte_at(cursor, line + 1) || byte_at(cursor, line + 2))) {
        stream->remaining = byte_at(cursor, line + 1) | (u64)byte_at(cursor, line + 2) << 8;
        stream->phase = PHASE_PACKET;
        cursor->at = line + UWSGI_HEADER_BYTES;
        on_preamble(connection, 1);
    } else {
        stream->phase = PHASE_LINE; /* neither: let the server refuse it */
    }
    cursor->line = cursor->at;
    return EVENT_CONTINUE;
}

/* Reads a piece of a uwsgi packet. Its body, if any, is of no interest: the packet is the request's head. */
static __always_inline u8 read_packet(struct stream *stream, struct iov_cursor *cursor) {
    u32 bytes = cursor->end - cursor->at;

    if (bytes > stream->remaining) bytes = (u32)stream->remaining;
    cursor->found = cursor->at + bytes;
    stream->remaining -= bytes;
    return stream->remaining ? EVENT_LINE : EVENT_LINE_END;
}

/* The window is used up. */
static __always_inline u8 next_window(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    if (cursor->end != cursor->line) {
        if (stream->phase == PHASE_LINE && direction == FROM_CLIENT && !(stream->flags & STREAM_CUT)) {
            cursor->found = cursor->end;
            return EVENT_LINE;
        }
        if (would_cut_version(stream, cursor, direction)) {
            stream->phase = PHASE_IDLE;
            if (!is_status_line(cursor)) return EVENT_NOT_HTTP;
            begin_version(stream, cursor);
            stream->flags = stream->details = stream->field = 0;
            return EVENT_CONTINUE;
        }
        if (would_cut_field(stream, cursor) && enters_value(stream, cursor, direction)) return EVENT_CONTINUE;
        save_partial(stream, cursor, direction);
    }
    return refill(stream, cursor);
}

/* Begins a call: fills the window with its first bytes. Of an io vector the first segments are tried, of which one is
 * mostly all. */
static __always_inline int fill_first_window(struct stream *stream, struct iov_cursor *cursor) {
    for (u32 i = 0; i < FIRST_SEGMENTS && !cursor->end; i++)
        if (refill(stream, cursor) != EVENT_CONTINUE) return 0;
    return cursor->end != 0;
}

/* Takes one turn of the loop. */
static __always_inline u8 step(struct connection *connection, struct stream *stream, struct iov_cursor *cursor,
                               u8 direction) {
    u8 phase = stream->phase;

    if (phase == PHASE_IGNORED || phase == PHASE_UNTIL_CLOSE || phase == PHASE_UNTIL_NEXT) {
        skip_everything(cursor);
        stream->partial_bytes = 0;
        return EVENT_NEED_MORE;
    }
    if ((phase == PHASE_BODY || phase == PHASE_CHUNK_DATA || phase == PHASE_PREAMBLE) &&
        (cursor->at != cursor->end || cursor->segment)) {
        skip_body(stream, cursor);
        if (stream->remaining) return EVENT_CONTINUE;
        if (phase == PHASE_BODY) return end_of_message(stream, direction);
        if (phase == PHASE_PREAMBLE)
            stream->phase = PHASE_IDLE;
        else
            begin_chunk(stream);
        return EVENT_CONTINUE;
    }
    if (cursor->at == cursor->end) return next_window(stream, cursor, direction);
    if (phase == PHASE_IDLE) return begin_message(connection, stream, cursor, direction);
    if (phase == PHASE_CHUNK_SIZE) return read_chunk_size(stream, cursor, direction);
    if (phase == PHASE_LENGTH) return read_length(stream, cursor, direction);
    if (phase == PHASE_VERSION) return EVENT_VERSION;
    if (phase == PHASE_CODING) return read_coding(stream, cursor, direction);
    if (phase == PHASE_SIGNATURE) return read_signature(connection, stream, cursor);
    if (phase == PHASE_PACKET) return read_packet(stream, cursor);
    if (find_line_end(cursor)) return read_line(connection, stream, cursor, direction);
    return EVENT_CONTINUE;
}

struct progress {
    struct connection *connection;
    struct stream *stream;
    struct iov_cursor *cursor;
    u8 direction;
    u8 event;
};

LOOP_STEP make_step(u32 turn, struct progress *progress) {
    (void)turn;
    progress->event = step(progress->connection, progress->stream, progress->cursor, progress->direction);
    return progress->event == EVENT_CONTINUE ? CONTINUE_LOOP : BREAK_LOOP;
}

/* Consumes bytes until something happens, in at most `steps` turns, a constant. */
static __always_inline u8 advance(struct connection *connection, struct stream *stream, struct iov_cursor *cursor,
                                  u8 direction, u32 steps) {
    struct progress progress = {connection, stream, cursor, direction, EVENT_CONTINUE};

    cursor->asked = who_asked(connection); /* as long as no message has ended, which ends the loop */
    repeat(steps, make_step, &progress);
    return progress.event == EVENT_CONTINUE ? EVENT_BUDGET : progress.event;
}

#endif

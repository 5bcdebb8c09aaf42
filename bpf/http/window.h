/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The window through which a call's bytes are read: filled from the process's memory, searched eight bytes at a time,
 * skipped, and saved where a line in it is unfinished.
 */
#ifndef GUNICORN_BPF_HTTP_WINDOW_H
#define GUNICORN_BPF_HTTP_WINDOW_H

#include "http/parser_state.h"

#define REPEATED(byte) (0x0101010101010101ull * (byte))

/* The high bit of each byte of `word` that equals `byte`; exact for the lowest such byte. */
static __always_inline u64 bytes_equal(u64 word, u8 byte) {
    u64 x = word ^ REPEATED(byte);
    return (x - REPEATED(0x01)) & ~x & REPEATED(0x80);
}

/* Index (0-7) of the lowest byte marked by bytes_equal(). Multiplication instead of a bit scan, which BPF lacks. */
static __always_inline u32 lowest_byte(u64 marks) {
    u64 lowest = (marks & -marks) >> 7;
    return (u32)((lowest * 0x0001020304050607ull) >> 56);
}

static __always_inline u64 word_at(const struct iov_cursor *cursor, u32 offset) {
    return *(const u64 *)(cursor->window + (offset & WINDOW_MASK));
}

static __always_inline u8 byte_at(const struct iov_cursor *cursor, u32 offset) {
    return cursor->window[offset & WINDOW_MASK];
}

/* ASCII letters to lower case; for comparing with lower-case words whose other characters are checked apart. */
#define LOWER(word) ((word) | REPEATED(0x20))

#define WORD(a, b, c, d, e, f, g, h)                                                                                   \
    ((u64)(u8)(a) | (u64)(u8)(b) << 8 | (u64)(u8)(c) << 16 | (u64)(u8)(d) << 24 | (u64)(u8)(e) << 32 |                 \
     (u64)(u8)(f) << 40 | (u64)(u8)(g) << 48 | (u64)(u8)(h) << 56)

/* True where the process's current line has to survive until more bytes come. */
static __always_inline int keeps_line(u8 phase, u8 direction) {
    return phase == PHASE_FIELDS || phase == PHASE_TRAILER || phase == PHASE_SIGNATURE ||
           (phase == PHASE_LINE && direction == TO_CLIENT);
}

/* Of a response: its status is known, and its head has not ended. */
static __always_inline int is_within_fields(u8 phase) {
    return phase == PHASE_FIELDS || phase == PHASE_LENGTH || phase == PHASE_CODING || phase == PHASE_REST;
}

/* The window ends within a field line of which more would have to be kept than there is room for. */
static __always_inline int would_cut_field(const struct stream *stream, const struct iov_cursor *cursor) {
    return stream->phase == PHASE_FIELDS && !(stream->flags & STREAM_CUT) &&
           cursor->end - cursor->line > PARTIAL_LINE_BYTES;
}

/* Everything in the window was looked at: remembers the unfinished line. */
static __always_inline void save_partial(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u32 bytes = cursor->end - cursor->line;

    stream->partial_bytes = 0;
    if (keeps_line(stream->phase, direction) && bytes) {
        if (bytes > PARTIAL_LINE_BYTES) {
            bytes = PARTIAL_LINE_BYTES;
            stream->flags |= STREAM_CUT;
        }
        copy_bytes(stream->partial_line, PARTIAL_LINE_BYTES, cursor->window + (cursor->line & WINDOW_MASK));
        stream->partial_bytes = (u8)bytes;
    }
    cursor->line = 0;
    cursor->at = 0;
    cursor->end = 0;
}

/* Goes on to the next element of the io vector, behind a segment that is used up. */
static __always_inline u8 next_segment(struct iov_cursor *cursor) {
    struct {
        u64 base;
        u64 bytes;
    } vector = {};

    if (!cursor->vector) return EVENT_NO_ADDRESS;
    if (copy_from_task(&vector, sizeof vector, cursor->vector)) return EVENT_UNREADABLE;
    cursor->vector += sizeof vector;
    cursor->address = vector.base;
    cursor->segment = vector.bytes < cursor->bytes ? vector.bytes : cursor->bytes;
    return EVENT_CONTINUE;
}

/* Fills the window: the unfinished line, then new bytes. */
static __always_inline u8 refill(struct stream *stream, struct iov_cursor *cursor) {
    if (!cursor->bytes) return EVENT_NEED_MORE;
    if (!cursor->segment) return next_segment(cursor);
    if (!cursor->address) return EVENT_NO_ADDRESS;

    u32 partial_bytes = at_most(stream->partial_bytes, PARTIAL_LINE_BYTES);
    u32 limit = stream->phase == PHASE_CHUNK_SIZE ? CHUNK_PEEK_BYTES : WINDOW_BYTES;
    u32 bytes = at_most(cursor->segment < limit ? (u32)cursor->segment : limit, WINDOW_BYTES);

    if (partial_bytes) copy_bytes(cursor->window, PARTIAL_LINE_BYTES, stream->partial_line);
    if (copy_from_task(cursor->window + partial_bytes, bytes, cursor->address)) return EVENT_UNREADABLE;
    cursor->line = 0;
    cursor->at = partial_bytes;
    cursor->end = partial_bytes + bytes;
    cursor->address += bytes;
    cursor->segment -= bytes;
    cursor->bytes -= bytes;
    return EVENT_CONTINUE;
}

/* Passes over body bytes, in the window and beyond it. */
static __always_inline void skip_body(struct stream *stream, struct iov_cursor *cursor) {
    u64 in_window = cursor->end - cursor->at;

    if (in_window) {
        u64 taken = in_window < stream->remaining ? in_window : stream->remaining;

        cursor->at += (u32)taken;
        stream->remaining -= taken;
    } else {
        u64 taken = cursor->segment < stream->remaining ? cursor->segment : stream->remaining;
        if (cursor->address) cursor->address += taken;
        cursor->segment -= taken;
        cursor->bytes -= taken;
        stream->remaining -= taken;
    }
    cursor->line = cursor->at;
}

static __always_inline void skip_everything(struct iov_cursor *cursor) {
    cursor->at = cursor->line = cursor->end = 0;
    cursor->segment = cursor->bytes = 0;
}

/* Looks for the end of the current line in the next 32 bytes. True: it is at cursor->found. */
static __always_inline int find_line_end(struct iov_cursor *cursor) {
    u32 at = cursor->at;
    u64 first = bytes_equal(word_at(cursor, at), '\n');
    u64 second = bytes_equal(word_at(cursor, at + 8), '\n');
    u64 third = bytes_equal(word_at(cursor, at + 16), '\n');
    u64 fourth = bytes_equal(word_at(cursor, at + 24), '\n');
    u32 found;

    if (first)
        found = at + lowest_byte(first);
    else if (second)
        found = at + 8 + lowest_byte(second);
    else if (third)
        found = at + 16 + lowest_byte(third);
    else if (fourth)
        found = at + 24 + lowest_byte(fourth);
    else
        found = at + 32;

    if (found < cursor->end && found < at + 32) {
        cursor->found = found;
        return 1;
    }
    cursor->at = at + 32 < cursor->end ? at + 32 : cursor->end;
    return 0;
}

static __always_inline void next_line(struct iov_cursor *cursor) {
    cursor->at = cursor->found + 1;
    cursor->line = cursor->at;
}

#endif

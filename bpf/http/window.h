/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The window through which a portion is looked at: filled from the process's memory, searched eight bytes at a time,
 * passed over, and put away with what is unfinished in it.
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

static __always_inline u64 word_at(const struct feed *feed, u32 offset) {
    return *(const u64 *)(feed->window + (offset & WINDOW_MASK));
}

static __always_inline u8 byte_at(const struct feed *feed, u32 offset) { return feed->window[offset & WINDOW_MASK]; }

/* ASCII letters to lower case; for comparing with lower-case words whose other characters are checked apart. */
#define LOWER(word) ((word) | REPEATED(0x20))

#define WORD(a, b, c, d, e, f, g, h)                                                                          \
    ((u64)(u8)(a) | (u64)(u8)(b) << 8 | (u64)(u8)(c) << 16 | (u64)(u8)(d) << 24 | (u64)(u8)(e) << 32 |        \
     (u64)(u8)(f) << 40 | (u64)(u8)(g) << 48 | (u64)(u8)(h) << 56)

/* True where the process's current line has to survive until more bytes come. */
static __always_inline int keeps_line(u8 phase, u8 direction) {
    return phase == PHASE_FIELDS || phase == PHASE_TRAILER || phase == PHASE_SIGNATURE || (phase == PHASE_LINE && direction == TO_CLIENT);
}

/* Everything in the window was looked at: remembers the unfinished line. */
static __always_inline void put_away(struct stream *stream, struct feed *feed, u8 direction) {
    u32 bytes = feed->end - feed->line;

    stream->carried = 0;
    if (keeps_line(stream->phase, direction) && bytes) {
        if (bytes > CARRY_BYTES) {
            bytes = CARRY_BYTES;
            stream->flags |= STREAM_CUT;
        }
        copy_bytes(stream->carry, CARRY_BYTES, feed->window + (feed->line & WINDOW_MASK));
        stream->carried = (u8)bytes;
    }
    feed->line = 0;
    feed->at = 0;
    feed->end = 0;
}

/* Fills the window: what was carried over, then new bytes. */
static __always_inline u8 refill(struct stream *stream, struct feed *feed) {
    if (!feed->bytes) return EVENT_HUNGRY;
    if (!feed->segment) {
        struct {
            u64 base;
            u64 bytes;
        } vector = {};

        if (!feed->vector) return EVENT_NO_ADDRESS;
        if (copy_from_task(&vector, sizeof vector, feed->vector)) return EVENT_UNREADABLE;
        feed->vector += sizeof vector;
        feed->address = vector.base;
        feed->segment = vector.bytes < feed->bytes ? vector.bytes : feed->bytes;
        return STEP_ON;
    }
    if (!feed->address) return EVENT_NO_ADDRESS;

    u32 carried = at_most(stream->carried, CARRY_BYTES);
    u32 limit = stream->phase == PHASE_CHUNK_SIZE ? CHUNK_PEEK_BYTES : WINDOW_BYTES;
    u32 bytes = at_most(feed->segment < limit ? (u32)feed->segment : limit, WINDOW_BYTES);

    if (carried) copy_bytes(feed->window, CARRY_BYTES, stream->carry);
    if (copy_from_task(feed->window + carried, bytes, feed->address)) return EVENT_UNREADABLE;
    feed->line = 0;
    feed->at = carried;
    feed->end = carried + bytes;
    feed->address += bytes;
    feed->segment -= bytes;
    feed->bytes -= bytes;
    return STEP_ON;
}

/* Passes over body bytes, in the window and beyond it. */
static __always_inline void skip_body(struct stream *stream, struct feed *feed) {
    u64 in_window = feed->end - feed->at;

    if (in_window) {
        u64 taken = in_window < stream->remaining ? in_window : stream->remaining;

        feed->at += (u32)taken;
        stream->remaining -= taken;
    } else {
        u64 taken = feed->segment < stream->remaining ? feed->segment : stream->remaining;
        if (feed->address) feed->address += taken;
        feed->segment -= taken;
        feed->bytes -= taken;
        stream->remaining -= taken;
    }
    feed->line = feed->at;
}

static __always_inline void skip_everything(struct feed *feed) {
    feed->at = feed->line = feed->end = 0;
    feed->segment = feed->bytes = 0;
}

/* Looks for the end of the current line in the next 32 bytes. True: it is at feed->found. */
static __always_inline int find_line_end(struct feed *feed) {
    u32 at = feed->at;
    u64 first = bytes_equal(word_at(feed, at), '\n');
    u64 second = bytes_equal(word_at(feed, at + 8), '\n');
    u64 third = bytes_equal(word_at(feed, at + 16), '\n');
    u64 fourth = bytes_equal(word_at(feed, at + 24), '\n');
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

    if (found < feed->end && found < at + 32) {
        feed->found = found;
        return 1;
    }
    feed->at = at + 32 < feed->end ? at + 32 : feed->end;
    return 0;
}

static __always_inline void next_line(struct feed *feed) {
    feed->at = feed->found + 1;
    feed->line = feed->at;
}

#endif

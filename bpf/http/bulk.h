/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What repeats in an HTTP/1 message, passed over in small steps: a body of many small chunks, a head of many or long
 * lines that do not matter. The general step of parser.h takes any phase and is therefore large; the two here take
 * one kind each, so that the verifier affords hundreds of them in one program run. They make of the bytes exactly what the
 * general step makes of them, and hand back whatever they do not know.
 */
#ifndef GUNICORN_BPF_HTTP_BULK_H
#define GUNICORN_BPF_HTTP_BULK_H

#include "http/headers.h"

/* ---- chunks (RFC 9112 section 7.1) ---- */

enum {
    /* Read where a chunk's first line is expected: "3e8\r\n", and most chunk extensions. */
    CHUNK_LINE_BYTES = 32,
    /* A size that eight more digits do not make too large to be counted: see append_digit(). */
    MAX_SIZE_BEFORE_WORD = 1 << 26,
};

/* What the window holds of the current segment goes back to it: from here on the bytes are read where they are. Not for
 * bytes that were partial_bytes over from an earlier call, of which there are none between chunks. */
static __always_inline void return_window(struct iov_cursor *cursor) {
    u32 bytes = cursor->end - cursor->at;

    cursor->at = cursor->line = cursor->end = 0;
    if (!cursor->address) return;
    cursor->address -= bytes;
    cursor->segment += bytes;
    cursor->bytes += bytes;
}

/* The high bit of each byte of `word` that is within [first, last]; exact for every byte. */
static __always_inline u64 bytes_within(u64 word, u8 first, u8 last) {
    u64 high = REPEATED(0x80);
    u64 at_least = (word | high) - REPEATED(first);
    u64 above = (word | high) - REPEATED(last + 1);

    return at_least & ~above & ~word & high;
}

/* The number that the first `digits` (1-8) bytes of `word` write in hexadecimal. */
static __always_inline u64 hex_value(u64 word, u64 letters, u32 digits) {
    u64 nibbles = (word & REPEATED(0x0f)) + (letters >> 7) * 9;

    nibbles <<= (8 - digits) * 8; /* leading zeros */
    nibbles = (nibbles & 0x00ff00ff00ff00ffull) << 4 | (nibbles >> 8 & 0x00ff00ff00ff00ffull);
    nibbles = (nibbles & 0x0000ffff0000ffffull) << 8 | (nibbles >> 16 & 0x0000ffff0000ffffull);
    return (nibbles & 0xffffffffull) << 16 | nibbles >> 32;
}

static __always_inline void pass_over(struct iov_cursor *cursor, u32 bytes) {
    cursor->address += bytes;
    cursor->segment -= bytes;
    cursor->bytes -= bytes;
}

/* Digits of the size at the window's beginning, of which `bytes` are there; they are passed over. The number of them. */
static __always_inline u32 read_size_digits(struct stream *stream, struct iov_cursor *cursor, u32 bytes) {
    u64 word = word_at(cursor, 0);
    u64 letters = bytes_within(LOWER(word), 'a', 'f');
    u64 others = ~(letters | bytes_within(word, '0', '9')) & REPEATED(0x80);
    u32 digits = others ? lowest_byte(others) : 8;

    if (digits > bytes) digits = bytes;
    if (!digits) return 0;
    stream->remaining = stream->remaining << (4 * digits) | hex_value(word, letters, digits);
    stream->flags |= STREAM_DIGITS;
    pass_over(cursor, digits);
    return digits;
}

/* A chunk's size, or as much of its line as the segment has. EVENT_GENERAL: something rarer, to be read byte by byte. */
static __always_inline u8 read_chunk_line(struct stream *stream, struct iov_cursor *cursor) {
    u32 bytes = at_most(cursor->segment < CHUNK_LINE_BYTES ? (u32)cursor->segment : CHUNK_LINE_BYTES, CHUNK_LINE_BYTES);
    u32 at = 0;

    if (!cursor->address) return EVENT_NO_ADDRESS;
    if (stream->flags & STREAM_BAD || stream->remaining >= MAX_SIZE_BEFORE_WORD) return EVENT_GENERAL;
    if (copy_from_task(cursor->window, bytes, cursor->address)) return EVENT_UNREADABLE;
    if (!(stream->flags & STREAM_EXTENSION)) {
        at = read_size_digits(stream, cursor, bytes);
        if (at == bytes) return EVENT_CONTINUE;
        if (byte_at(cursor, at) == '\r' && (at + 1 == bytes || byte_at(cursor, at + 1) == '\n')) {
            pass_over(cursor, 1);
            at++;
            if (at == bytes) return EVENT_CONTINUE;
        } else if (byte_at(cursor, at) == '\r') {
            return EVENT_GENERAL;
        } else if (byte_at(cursor, at) != '\n') {
            stream->flags |= STREAM_EXTENSION;
        }
    }
    if (stream->flags & STREAM_EXTENSION) {
        cursor->at = at;
        cursor->end = bytes;
        if (!find_line_end(cursor)) cursor->found = bytes;
        cursor->at = cursor->end = 0;
        pass_over(cursor, cursor->found - at);
        if (cursor->found == bytes) return EVENT_CONTINUE;
    }
    if (!(stream->flags & STREAM_DIGITS) || !stream->remaining) return EVENT_GENERAL;
    pass_over(cursor, 1);
    stream->remaining += 2;
    stream->phase = PHASE_CHUNK_DATA;
    return EVENT_CONTINUE;
}

/* What is left of a chunk, and the next one's size. */
static __always_inline u8 step_chunk(struct stream *stream, struct iov_cursor *cursor) {
    if (!cursor->segment) return cursor->bytes ? next_segment(cursor) : EVENT_NEED_MORE;
    if (stream->phase == PHASE_CHUNK_DATA) {
        skip_body(stream, cursor);
        if (stream->remaining) return EVENT_CONTINUE;
        begin_chunk(stream);
        if (!cursor->segment) return EVENT_CONTINUE;
    }
    return read_chunk_line(stream, cursor);
}

static __always_inline int is_between_chunks(const struct stream *stream) {
    return stream->phase == PHASE_CHUNK_DATA || stream->phase == PHASE_CHUNK_SIZE;
}

/* ---- lines (RFC 9112 section 5) ---- */

/* Whether the line in window[line, found) says nothing that matters: neither the empty one that ends the lines, nor a field that
 * matters for framing, nor Upgrade. */
static __always_inline int is_passed_over(const struct stream *stream, const struct iov_cursor *cursor) {
    u32 bytes = cursor->found - cursor->line;

    if (bytes == 0 || (bytes == 1 && byte_at(cursor, cursor->line) == '\r')) return 0;
    if (stream->phase == PHASE_TRAILER) return 1;
    if (stream->field != FIELD_OTHER) return 0; /* it may go on in this line */
    return framing_field_of(cursor) == FIELD_OTHER && !begins_upgrade(word_at(cursor, cursor->line));
}

static __always_inline int is_in_value(const struct stream *stream) {
    return stream->phase == PHASE_LENGTH || stream->phase == PHASE_CODING;
}

static __always_inline u8 step_lines(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    if (cursor->at == cursor->end) {
        cursor->found = cursor->end;
        if (would_cut_field(stream, cursor) && !is_passed_over(stream, cursor)) return EVENT_GENERAL;
        if (cursor->end != cursor->line) save_partial(stream, cursor, direction);
        return refill(stream, cursor);
    }
    if (is_in_value(stream)) return pass_spaces(cursor) ? EVENT_CONTINUE : EVENT_GENERAL;
    if (!find_line_end(cursor)) return EVENT_CONTINUE;
    if (stream->phase == PHASE_LINE || stream->phase == PHASE_REST || !is_passed_over(stream, cursor))
        return EVENT_GENERAL;
    stream->flags &= (u8)~STREAM_CUT;
    stream->partial_bytes = 0;
    next_line(cursor);
    return EVENT_CONTINUE;
}

/* In the padding of a value. */
static __always_inline int is_between_spaces(const struct stream *stream, const struct iov_cursor *cursor) {
    return is_in_value(stream) && cursor->at + 8 <= cursor->end && word_at(cursor, cursor->at) == REPEATED(' ');
}

/* Within a head, or in a request line of which no more is kept. */
static __always_inline int is_between_lines(const struct stream *stream, u8 direction) {
    return stream->phase == PHASE_FIELDS || stream->phase == PHASE_TRAILER || stream->phase == PHASE_REST ||
           (stream->phase == PHASE_LINE && direction == FROM_CLIENT && stream->flags & STREAM_CUT);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The parts of a head that framing depends on: status, Content-Length, Transfer-Encoding; and chunk sizes. */
#ifndef GUNICORN_BPF_HTTP_HEADERS_H
#define GUNICORN_BPF_HTTP_HEADERS_H

#include "http/window.h"

static __always_inline int is_digit(u8 byte) { return byte >= '0' && byte <= '9'; }

/* "HTTP/1.1 200 OK": three digits behind the first space (the version can be anything: Gunicorn up to 21
 * echoes the client's). */
static __always_inline void read_status(struct stream *stream, const struct iov_cursor *cursor) {
    u32 line = cursor->line;
    u64 spaces = bytes_equal(word_at(cursor, line + 5), ' ');
    u32 space = line + 5;

    stream->status = 0;
    if (spaces) {
        space += lowest_byte(spaces);
    } else {
        spaces = bytes_equal(word_at(cursor, line + 13), ' ');
        if (!spaces) return;
        space += 8 + lowest_byte(spaces);
    }
    if (space + 3 >= cursor->found) return;

    u8 hundreds = byte_at(cursor, space + 1), tens = byte_at(cursor, space + 2), ones = byte_at(cursor, space + 3);
    u8 behind = byte_at(cursor, space + 4);

    if (hundreds < '1' || hundreds > '9' || !is_digit(tens) || !is_digit(ones) || is_digit(behind)) return;
    stream->status = (u16)((hundreds - '0') * 100 + (tens - '0') * 10 + (ones - '0'));
}

/* The value of Transfer-Encoding ends with "chunked" (RFC 9112 section 6.1: it has to be the last coding). */
static __always_inline int ends_with_chunked(const struct iov_cursor *cursor) {
    u32 end = cursor->found;

    if (byte_at(cursor, end - 1) == '\r') end--;
    if (byte_at(cursor, end - 1) == ' ' || byte_at(cursor, end - 1) == '\t') end--;

    u64 word = word_at(cursor, end - 8);
    u8 before = (u8)word;

    return LOWER(word) >> 8 == WORD('c', 'h', 'u', 'n', 'k', 'e', 'd', 0) &&
           (before == ' ' || before == '\t' || before == ',' || before == ':');
}

/* "Upgrade: websocket" (RFC 6455 section 4.2.2), in any case, as everybody writes it: with one space. `first`: the line's
 * first word. Without branches, which would double the verifier's work in each turn. */
static __always_inline u8 upgrades_to_websocket(const struct iov_cursor *cursor, u64 first) {
    u64 other = LOWER(first) ^ WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', ':');

    other |= LOWER(word_at(cursor, cursor->line + 9)) ^ WORD('w', 'e', 'b', 's', 'o', 'c', 'k', 'e');
    return (u8)(1 ^ (other | -other) >> 63);
}

/* A complete header line that is not empty. */
static __always_inline u8 read_field(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u64 first = word_at(cursor, cursor->line), second = word_at(cursor, cursor->line + 8);
    /* The same whether the line came in one piece or not. */
    u8 cut = stream->flags & STREAM_CUT || cursor->found - cursor->line > PARTIAL_LINE_BYTES;

    stream->flags &= (u8)~STREAM_CUT;
    stream->websocket |= upgrades_to_websocket(cursor, first);
    if (LOWER(first) == WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-') && first >> 56 == '-' &&
        (LOWER(second) & 0xffffffffffffffull) == WORD('l', 'e', 'n', 'g', 't', 'h', ':', 0) &&
        (u8)(second >> 48) == ':') {
        if (stream->flags & STREAM_LENGTH || cut) stream->flags |= STREAM_BAD;
        stream->flags |= STREAM_LENGTH;
        stream->flags &= (u8) ~(STREAM_DIGITS | STREAM_EXTENSION);
        stream->remaining = 0;
        stream->phase = PHASE_LENGTH;
        cursor->at = cursor->line + 15;
        return EVENT_CONTINUE;
    }
    if (LOWER(first) == WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
        LOWER(second) == WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') && (u8)second == '-' &&
        (byte_at(cursor, cursor->line + 16) | 0x20) == 'g' && byte_at(cursor, cursor->line + 17) == ':') {
        /* Another coding: servers before Gunicorn 21 ignore it in requests, later ones refuse the request. */
        if (!cut && ends_with_chunked(cursor))
            stream->flags |= STREAM_CHUNKED;
        else if (direction == TO_CLIENT)
            stream->flags |= STREAM_BAD;
    }
    next_line(cursor);
    return EVENT_CONTINUE;
}

/* One byte of Content-Length's value; the line is known to be complete in the window. */
static __always_inline u8 read_length(struct stream *stream, struct iov_cursor *cursor) {
    u8 byte = byte_at(cursor, cursor->at);

    cursor->at++;
    if (is_digit(byte)) {
        if (stream->remaining > (1ull << 58) || stream->flags & STREAM_EXTENSION) stream->flags |= STREAM_BAD;
        stream->remaining = stream->remaining * 10 + (u64)(byte - '0');
        stream->flags |= STREAM_DIGITS;
    } else if (byte == '\n') {
        if (!(stream->flags & STREAM_DIGITS)) stream->flags |= STREAM_BAD;
        stream->phase = PHASE_FIELDS;
        cursor->line = cursor->at;
    } else if (byte == ' ' || byte == '\t' || byte == '\r') {
        if (stream->flags & STREAM_DIGITS) stream->flags |= STREAM_EXTENSION;
    } else {
        stream->flags |= STREAM_BAD;
    }
    return EVENT_CONTINUE;
}

/* A chunk's first line, byte by byte (RFC 9112 section 7.1). */
static __always_inline u8 read_chunk_size(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 byte = byte_at(cursor, cursor->at);
    u8 lower = byte | 0x20;

    cursor->at++;
    cursor->line = cursor->at;
    if (byte == '\n') {
        if (!(stream->flags & STREAM_DIGITS) || stream->flags & STREAM_BAD) {
            stream->phase = direction == TO_CLIENT ? PHASE_UNTIL_CLOSE : PHASE_IGNORED;
        } else if (!stream->remaining) {
            stream->phase = PHASE_TRAILER;
        } else {
            stream->remaining += 2;
            stream->phase = PHASE_CHUNK_DATA;
        }
    } else if (stream->flags & STREAM_EXTENSION || byte == '\r') {
        /* of no interest */
    } else if (is_digit(byte) || (lower >= 'a' && lower <= 'f')) {
        if (stream->remaining > (1ull << 58)) stream->flags |= STREAM_BAD;
        stream->remaining = stream->remaining << 4 | (u64)(is_digit(byte) ? byte - '0' : lower - 'a' + 10);
        stream->flags |= STREAM_DIGITS;
    } else {
        stream->flags |= STREAM_EXTENSION;
    }
    return EVENT_CONTINUE;
}

static __always_inline void begin_chunk(struct stream *stream) {
    stream->remaining = 0;
    stream->flags &= (u8) ~(STREAM_DIGITS | STREAM_EXTENSION);
    stream->phase = PHASE_CHUNK_SIZE;
}

#endif

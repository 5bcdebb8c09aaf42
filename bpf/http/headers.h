/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The parts of a head that framing depends on: status, Content-Length, Transfer-Encoding; and chunk sizes. */
#ifndef GUNICORN_BPF_HTTP_HEADERS_H
#define GUNICORN_BPF_HTTP_HEADERS_H

#include "http/window.h"

enum { STATUS_LINE_PREFIX_BYTES = 5 /* of "HTTP/" */, STATUS_DIGITS = 3 };

static __always_inline int is_digit(u8 byte) { return byte >= '0' && byte <= '9'; }

/* No space in the first bytes behind "HTTP/": the version can be anything, since Gunicorn up to 21 echoes the client's. */
static __always_inline int is_version_long(const struct iov_cursor *cursor) {
    u32 version = cursor->line + STATUS_LINE_PREFIX_BYTES;

    return !bytes_equal(word_at(cursor, version), ' ') && !bytes_equal(word_at(cursor, version + 8), ' ');
}

/* "HTTP/1.1 200 OK": three digits behind the first space. */
static __always_inline void read_status(struct stream *stream, const struct iov_cursor *cursor) {
    u32 space = cursor->line + STATUS_LINE_PREFIX_BYTES;
    u64 spaces = bytes_equal(word_at(cursor, space), ' ');

    stream->status = 0;
    if (!spaces) {
        space += 8;
        spaces = bytes_equal(word_at(cursor, space), ' ');
        if (!spaces) return;
    }
    space += lowest_byte(spaces);
    if (space + 3 >= cursor->found) return;

    u8 hundreds = byte_at(cursor, space + 1), tens = byte_at(cursor, space + 2), ones = byte_at(cursor, space + 3);
    u8 behind = byte_at(cursor, space + 4);

    if (hundreds < '1' || hundreds > '9' || !is_digit(tens) || !is_digit(ones) || is_digit(behind)) return;
    stream->status = (u16)((hundreds - '0') * 100 + (tens - '0') * 10 + (ones - '0'));
}

/* Likewise, and the window ends within the line: what is kept of it would not have the status. */
static __always_inline int would_cut_version(const struct stream *stream, const struct iov_cursor *cursor,
                                             u8 direction) {
    return stream->phase == PHASE_LINE && direction == TO_CLIENT && !(stream->flags & STREAM_CUT) &&
           cursor->end - cursor->line > PARTIAL_LINE_BYTES && is_version_long(cursor);
}

static __always_inline void begin_version(struct stream *stream, struct iov_cursor *cursor) {
    stream->phase = PHASE_VERSION;
    stream->matched = VERSION_OPEN;
    stream->status = 0;
    cursor->at = cursor->line + STATUS_LINE_PREFIX_BYTES;
}

/* Passes over the window's part of a long version, with the space behind it, if that is there. */
static __always_inline void pass_version(struct stream *stream, struct iov_cursor *cursor) {
    for (u32 i = 0; i <= (WINDOW_BYTES + PARTIAL_LINE_BYTES) / 8; i++) {
        u64 word = word_at(cursor, cursor->at);
        u64 spaces = bytes_equal(word, ' '), ends = bytes_equal(word, '\n');
        u32 bytes = spaces ? lowest_byte(spaces) : 8;

        if (ends && lowest_byte(ends) < bytes) bytes = lowest_byte(ends);
        cursor->at += bytes;
        if (bytes < 8 || cursor->at >= cursor->end) break;
    }
    if (cursor->at >= cursor->end) {
        cursor->at = cursor->end;
    } else if (byte_at(cursor, cursor->at) == ' ') {
        cursor->at++;
        stream->matched = 0;
    } else {
        stream->matched = STATUS_DIGITS + 1; /* the line ends without a status */
    }
}

/* The next byte of the status behind a long version. */
static __always_inline void read_status_byte(struct stream *stream, struct iov_cursor *cursor) {
    u8 byte = byte_at(cursor, cursor->at);

    cursor->at++;
    if (is_digit(byte) && stream->matched < STATUS_DIGITS) {
        stream->status = (u16)(stream->status * 10 + byte - '0');
        stream->matched++;
        return;
    }
    if (is_digit(byte) || stream->matched != STATUS_DIGITS || stream->status < STATUS_FIRST) stream->status = 0;
    stream->phase = byte == '\n' ? PHASE_FIELDS : PHASE_REST;
    stream->partial_bytes = 0;
    cursor->line = cursor->at;
}

/* What the window has of a long version and the status behind it. Not part of parser.h's loop, where the verifier would walk it in
 * every turn. */
static __always_inline void read_long_version(struct stream *stream, struct iov_cursor *cursor) {
    if (stream->matched == VERSION_OPEN) pass_version(stream, cursor);
    if (stream->matched == VERSION_OPEN) return;
    for (u32 i = 0; i <= STATUS_DIGITS; i++)
        if (stream->phase == PHASE_VERSION && cursor->at < cursor->end) read_status_byte(stream, cursor);
}

/* White space before and behind a value (RFC 9110 section 5.5); and what Python's str.strip() and int() take for it in a request,
 * with which Gunicorn, gevent.pywsgi and tornado read one. */
static __always_inline int is_space(u8 byte, u8 direction) {
    if (byte == ' ' || byte == '\t' || byte == '\r') return 1;
    return direction == FROM_CLIENT &&
           (byte == '\v' || byte == '\f' || (byte >= 0x1c && byte <= 0x1f) || byte == 0x85 || byte == 0xa0);
}

/* Passes over spaces, 32 or 8 at a time. False: the next byte is to be looked at by itself. */
static __always_inline int pass_spaces(struct iov_cursor *cursor) {
    const u64 spaces = REPEATED(' ');
    u32 at = cursor->at;
    u32 bytes = 8;

    if (at + 8 > cursor->end || word_at(cursor, at) != spaces) return 0;
    if (at + 32 <= cursor->end && word_at(cursor, at + 8) == spaces && word_at(cursor, at + 16) == spaces &&
        word_at(cursor, at + 24) == spaces)
        bytes = 32;
    cursor->at = at + bytes;
    return 1;
}

enum { LENGTH_NAME_BYTES = 14 /* of "content-length" */, CODING_NAME_BYTES = 17 /* of "transfer-encoding" */ };

/* Which field the line at cursor->line gives, by its name and what is behind that. */
static __always_inline u8 framing_field_of(const struct iov_cursor *cursor) {
    u64 first = word_at(cursor, cursor->line), second = word_at(cursor, cursor->line + 8);
    u8 field = FIELD_OTHER;
    u8 behind = 0;

    if (LOWER(first) == WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-') && first >> 56 == '-' &&
        (LOWER(second) & 0xffffffffffffull) == WORD('l', 'e', 'n', 'g', 't', 'h', 0, 0)) {
        field = FIELD_LENGTH;
        behind = byte_at(cursor, cursor->line + LENGTH_NAME_BYTES);
    } else if (LOWER(first) == WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r') &&
               LOWER(second) == WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n') && (u8)second == '-' &&
               (byte_at(cursor, cursor->line + CODING_NAME_BYTES - 1) | 0x20) == 'g') {
        field = FIELD_CODING;
        behind = byte_at(cursor, cursor->line + CODING_NAME_BYTES);
    }
    return behind == ':' || is_space(behind, FROM_CLIENT) ? field : FIELD_OTHER;
}

static __always_inline void begin_value(struct stream *stream, u8 field) {
    if (field == FIELD_CODING) {
        stream->details |= DETAIL_CODING;
        stream->matched = 0;
        stream->phase = PHASE_CODING;
        return;
    }
    if (stream->flags & STREAM_LENGTH && !(stream->flags & STREAM_DIGITS)) stream->flags |= STREAM_BAD;
    stream->flags |= STREAM_LENGTH;
    stream->flags &= (u8) ~(STREAM_DIGITS | STREAM_EXTENSION);
    stream->remaining = 0;
    stream->phase = PHASE_LENGTH;
}

/* A Transfer-Encoding that is not "chunked" alone, in one line. */
static __always_inline void note_disputed(struct stream *stream, u8 is_disputed) {
    stream->details |= (u8)(is_disputed * DETAIL_DISPUTED);
}

/* The line at cursor->line, of which enough for a name is in the window. True: it is a field that matters, whose value is to be read
 * next, from cursor->at on; values have any length. */
static __always_inline int enters_value(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 first = byte_at(cursor, cursor->line);
    u8 field;
    u32 at;

    if (first == ' ' || first == '\t') {
        if (stream->field == FIELD_OTHER) return 0;
        stream->phase = stream->field == FIELD_LENGTH ? PHASE_LENGTH : PHASE_CODING;
        note_disputed(stream, stream->field / FIELD_CODING);
        cursor->at = cursor->line;
        return 1;
    }
    field = framing_field_of(cursor);
    stream->field = FIELD_OTHER;
    if (field == FIELD_OTHER) return 0;
    at = cursor->line + (field == FIELD_LENGTH ? LENGTH_NAME_BYTES : CODING_NAME_BYTES);
    if (byte_at(cursor, at) != ':') {
        /* Refused by Gunicorn and h11, a field of its own for gevent.pywsgi and tornado, a framing field for httptools. */
        if (direction == FROM_CLIENT) stream->details |= DETAIL_UNSURE;
        return 0;
    }
    cursor->at = at + 1;
    stream->field = field;
    note_disputed(stream, (u8)(field / FIELD_CODING * (stream->details / DETAIL_CODING % 2)));
    begin_value(stream, field);
    return 1;
}

static __always_inline int begins_upgrade(u64 first) {
    return LOWER(first) == WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', ':');
}

/* "Upgrade: websocket" (RFC 6455 section 4.2.2), in any case, as everybody writes it: with one space. Without branches, which would
 * double the verifier's work in each turn. */
static __always_inline u8 upgrades_to_websocket(const struct iov_cursor *cursor) {
    u64 other = LOWER(word_at(cursor, cursor->line)) ^ WORD('u', 'p', 'g', 'r', 'a', 'd', 'e', ':');

    other |= LOWER(word_at(cursor, cursor->line + 9)) ^ WORD('w', 'e', 'b', 's', 'o', 'c', 'k', 'e');
    return (u8)(1 ^ (other | -other) >> 63);
}

/* A complete header line that is not empty. */
static __always_inline u8 read_field(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 is_cut = stream->flags & STREAM_CUT; /* then it was looked at before it was cut */

    stream->flags &= (u8)~STREAM_CUT;
    stream->details |= upgrades_to_websocket(cursor) * DETAIL_WEBSOCKET;
    if (is_cut || !enters_value(stream, cursor, direction)) next_line(cursor);
    return EVENT_CONTINUE;
}

/* One value of Content-Length is complete. It may be given more than once, also as a list, if it is the same (RFC 9110 section 8.6);
 * gevent.pywsgi takes a request's first one, other servers refuse different ones. */
static __always_inline void end_length(struct stream *stream, u8 direction) {
    if (!(stream->flags & STREAM_DIGITS)) return;
    if (!(stream->details & DETAIL_KNOWN))
        stream->length = stream->remaining;
    else if (direction == TO_CLIENT && stream->length != stream->remaining)
        stream->flags |= STREAM_BAD;
    stream->details |= DETAIL_KNOWN;
}

/* The next bytes of Content-Length's value. */
static __always_inline u8 read_length(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 byte = byte_at(cursor, cursor->at);
    u8 is_begun = stream->flags & STREAM_DIGITS;

    if (pass_spaces(cursor)) {
        if (is_begun) stream->flags |= STREAM_EXTENSION;
        return EVENT_CONTINUE;
    }
    cursor->at++;
    if (is_digit(byte) && !(stream->flags & STREAM_EXTENSION)) {
        /* Longer than anything: never at its end. */
        if (stream->remaining < LENGTH_LIMIT) stream->remaining = stream->remaining * 10 + (u64)(byte - '0');
        stream->flags |= STREAM_DIGITS;
    } else if (byte == '\n') {
        end_length(stream, direction);
        if (is_begun) stream->flags |= STREAM_EXTENSION;
        stream->phase = PHASE_FIELDS;
        cursor->line = cursor->at;
    } else if (byte == ',' && is_begun) {
        end_length(stream, direction);
        stream->flags &= (u8) ~(STREAM_DIGITS | STREAM_EXTENSION);
        stream->remaining = 0;
    } else if (is_space(byte, direction)) {
        if (is_begun) stream->flags |= STREAM_EXTENSION;
    } else if (direction != FROM_CLIENT || byte != (is_begun ? '_' : '+')) { /* int() takes these */
        stream->flags |= STREAM_BAD;
        stream->phase = PHASE_REST;
    }
    return EVENT_CONTINUE;
}

/* The next bytes of Transfer-Encoding's value, a list: whether the last coding of the last line is "chunked" (RFC 9112 sections 6.1
 * and 6.3). */
static __always_inline u8 read_coding(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 byte = byte_at(cursor, cursor->at);
    u8 matched = stream->matched;
    u64 wanted = WORD('c', 'h', 'u', 'n', 'k', 'e', 'd', 0) >> 8 * (matched & 7);
    u8 passes = pass_spaces(cursor) != 0;

    if (!passes) cursor->at++;
    if (passes || byte == '\n' || is_space(byte, direction)) {
        if (matched == CODING_BYTES)
            matched = CODING_COMPLETE;
        else if (matched && matched != CODING_COMPLETE)
            matched = CODING_OTHER;
    } else if (byte == ',') {
        matched = 0;
    } else {
        matched = matched < CODING_BYTES && (byte | 0x20) == (u8)wanted ? matched + 1 : CODING_OTHER;
        stream->flags &= (u8)~STREAM_CHUNKED;
        if (matched == CODING_BYTES) stream->flags |= STREAM_CHUNKED;
    }
    stream->matched = matched;
    note_disputed(stream, matched / CODING_OTHER);
    if (!passes && byte == '\n') {
        stream->phase = PHASE_FIELDS;
        cursor->line = cursor->at;
    }
    return EVENT_CONTINUE;
}

/* A chunk's first line, byte by byte (RFC 9112 section 7.1). */
static __always_inline u8 read_chunk_size(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u8 byte, lower;

    if (stream->flags & STREAM_EXTENSION) {
        if (!find_line_end(cursor)) {
            cursor->line = cursor->at;
            return EVENT_CONTINUE;
        }
        cursor->at = cursor->found;
    }
    byte = byte_at(cursor, cursor->at);
    lower = byte | 0x20;
    cursor->at++;
    cursor->line = cursor->at;
    if (byte == '\n') {
        if (!(stream->flags & STREAM_DIGITS) || stream->flags & STREAM_BAD) {
            if (direction == FROM_CLIENT) return EVENT_NO_END;
            stream->phase = PHASE_UNTIL_NEXT;
        } else if (!stream->remaining) {
            stream->phase = PHASE_TRAILER;
        } else {
            stream->remaining += 2;
            stream->phase = PHASE_CHUNK_DATA;
        }
    } else if (byte == '\r') {
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
    stream->flags &= (u8) ~(STREAM_DIGITS | STREAM_EXTENSION | STREAM_BAD);
    stream->phase = PHASE_CHUNK_SIZE;
}

#endif

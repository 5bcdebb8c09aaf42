/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Cuts one direction of a WebSocket into frames (RFC 6455 section 5.2). What is unfinished is kept in struct stream. */
#ifndef GUNICORN_BPF_HTTP_FRAMES_H
#define GUNICORN_BPF_HTTP_FRAMES_H

#include "core/loop.h"
#include "http/window.h"

enum {
    FRAME_OPCODE = 0x0f, /* of the first byte */
    OPCODE_CLOSE = 8,
    FRAME_MASKED = 0x80, /* of the second: a mask follows the length; set by clients only (section 5.1) */
    FRAME_LENGTH = 0x7f, /* …, or one of the next two */
    LENGTH_IN_2_BYTES = 126,
    LENGTH_IN_8_BYTES = 127,
    MASK_BYTES = 4,
    FRAME_STEPS = 64, /* turns of the loop in one program run, two for each frame */
};

/* Bytes of the head of the frame at cursor->line, of which two are there. */
static __always_inline u32 frame_head_bytes(const struct iov_cursor *cursor) {
    u8 second = byte_at(cursor, cursor->line + 1);
    u32 bytes = second & FRAME_MASKED ? 2 + MASK_BYTES : 2;

    if ((second & FRAME_LENGTH) == LENGTH_IN_2_BYTES) bytes += 2;
    if ((second & FRAME_LENGTH) == LENGTH_IN_8_BYTES) bytes += 8;
    return bytes;
}

static __always_inline u64 frame_length(const struct iov_cursor *cursor) {
    u8 length = byte_at(cursor, cursor->line + 1) & FRAME_LENGTH;
    u64 following = __builtin_bswap64(word_at(cursor, cursor->line + 2));

    if (length == LENGTH_IN_2_BYTES) return following >> 48;
    return length == LENGTH_IN_8_BYTES ? following : length;
}

/* The window is used up. A head that is not complete is kept. */
static __always_inline u8 next_frame_bytes(struct stream *stream, struct iov_cursor *cursor) {
    u32 kept = at_most(cursor->end - cursor->line, PARTIAL_LINE_BYTES);

    if (kept) copy_bytes(stream->partial_line, PARTIAL_LINE_BYTES, cursor->window + (cursor->line & WINDOW_MASK));
    if (cursor->end) stream->partial_bytes = (u8)kept;
    cursor->line = cursor->at = cursor->end = 0;
    return refill(stream, cursor);
}

static __always_inline u8 step_frame(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    u32 have = cursor->end - cursor->line;
    u8 masked = direction == FROM_CLIENT ? FRAME_MASKED : 0;

    if (stream->remaining && (cursor->at != cursor->end || cursor->segment)) {
        skip_body(stream, cursor);
        return EVENT_CONTINUE;
    }
    if (cursor->at == cursor->end) return next_frame_bytes(stream, cursor);
    if (have < 2 || have < frame_head_bytes(cursor)) {
        cursor->at = cursor->end;
        return EVENT_CONTINUE;
    }
    if ((byte_at(cursor, cursor->line + 1) & FRAME_MASKED) != masked) return EVENT_NOT_HTTP;
    if ((byte_at(cursor, cursor->line) & FRAME_OPCODE) == OPCODE_CLOSE) return EVENT_CLOSE_FRAME;
    stream->remaining = frame_length(cursor);
    stream->partial_bytes = 0;
    cursor->at = cursor->line = cursor->line + frame_head_bytes(cursor);
    return EVENT_CONTINUE;
}

struct frame_progress {
    struct stream *stream;
    struct iov_cursor *cursor;
    u8 direction;
    u8 event;
};

LOOP_STEP step_frames(u32 turn, struct frame_progress *progress) {
    (void)turn;
    progress->event = step_frame(progress->stream, progress->cursor, progress->direction);
    return progress->event == EVENT_CONTINUE ? CONTINUE_LOOP : BREAK_LOOP;
}

/* Passes over frames. EVENT_NEED_MORE: over all of the call's bytes; EVENT_CLOSE_FRAME: up to one; EVENT_BUDGET: there are more;
 * any other: they cannot be followed. */
static __always_inline u8 pass_frames(struct stream *stream, struct iov_cursor *cursor, u8 direction) {
    struct frame_progress progress = {stream, cursor, direction, EVENT_CONTINUE};

    repeat(FRAME_STEPS, step_frames, &progress);
    return progress.event == EVENT_CONTINUE ? EVENT_BUDGET : progress.event;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: the frames of a WebSocket (RFC 6455 section 5.2), only to find who sends a Close frame first.
 * Hook: none of its own; sys_exit and stream_bytes reach it by tail calls, and it reaches itself. Minimum kernel 5.10.
 * Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_READ_FRAMES_H
#define GUNICORN_BPF_PROGRAMS_READ_FRAMES_H

#include "conn/open_streams.h"
#include "conn/tail_calls.h"
#include "http/frames.h"

/* Its frames are followed no more: then who closes the connection first ends it. Bytes that are no frames are another protocol's. */
static __always_inline void lose_frames(struct connection *connection, u8 event) {
    connection->counted &= (u8)~COUNTED_FRAMES;
    if (event == EVENT_BUDGET)
        count_drop(DROP_PARSE_BUDGET);
    else if (event != EVENT_NOT_HTTP)
        count_drop(event == EVENT_UNREADABLE ? DROP_UNREADABLE : DROP_FRAMING);
}

SEC("tp_btf/sys_exit")
int read_frames(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;
    u8 direction, event;

    if (!io) return leave_call(context);
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    direction = io->direction & 1;
    event = pass_frames(&connection->streams[direction], &io->cursor, direction);
    if (!is_own(io)) return leave_call(context);
    switch (event) {
    case EVENT_NEED_MORE:
        return 0;
    case EVENT_CLOSE_FRAME:
        note_websocket_end(connection, direction == TO_CLIENT ? BY_SERVER : BY_CLIENT);
        return 0;
    case EVENT_BUDGET:
        bpf_tail_call(context, &tail_calls, PROG_READ_FRAMES);
    }
    lose_frames(connection, event);
    return 0;
}

#endif

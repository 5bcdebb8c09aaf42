/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: many messages whose bytes come in one system call: pipelined requests, and responses that were sent together.
 * Hook: none of its own; stream_bytes reaches it by a tail call where a second message begins in a call.
 * Minimum kernel 5.10. Cost: nothing for most calls; then what a message costs otherwise, without a tail call for each of its parts.
 */
#ifndef GUNICORN_BPF_PROGRAMS_PASS_MESSAGES_H
#define GUNICORN_BPF_PROGRAMS_PASS_MESSAGES_H

#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "python/thread_state.h"

/* So many turns of MESSAGE_STEPS within one message are better left to pass_bulk. */
enum { PATIENCE = 32 };

/* Of the failures among responses that are sent together: what the code executes that sends them, mostly not what answered. */
enum { EXPLAINED_PER_CALL = 6 };

static __always_inline int wants_explanation(const struct connection *connection, const struct io_ctx *io) {
    return connection->streams[TO_CLIENT].status >= 400 && io->explained < EXPLAINED_PER_CALL &&
           python_of(io->key.slot);
}

/* A function of its own, which the verifier walks once (Linux 5.6); its argument is a number, so what it works on is in the io_ctx.
 * EVENT_CONTINUE: the event was dealt with. Any other is for the caller. */
__noinline u64 pass_message(u32 index) {
    struct io_ctx *io = own_scratch_at(index);
    struct connection *connection;
    struct connection_key key;
    struct stream *stream;
    u8 direction, event;

    if (!io) return EVENT_NEED_MORE;
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return EVENT_NEED_MORE;
    direction = io->direction & 1;
    stream = &connection->streams[direction];
    event = advance(connection, stream, &io->cursor, direction, MESSAGE_STEPS);
    if (!is_own(io)) return EVENT_NEED_MORE;
    switch (event) {
    case EVENT_LINE:
    case EVENT_LINE_END:
    case EVENT_PIPELINED:
    case EVENT_VERSION:
    case EVENT_NO_END:
        take_head_event(event);
        break;
    case EVENT_BUDGET:
        if (++io->long_steps < PATIENCE) return EVENT_CONTINUE;
        return event;
    default:
        return event;
    }
    io->long_steps = 0;
    update_trace_apart(&key, io->now_ns);
    return EVENT_CONTINUE;
}

/* A response is complete. Apart from pass_message(), since the kernel allows 512 bytes of stack for all that call each other.
 * EVENT_RESPONSE_END: its cause is to be looked for first. */
__noinline u64 end_message(u32 index) {
    struct io_ctx *io = own_scratch_at(index);
    struct connection *connection;
    struct connection_key key;

    if (!io) return EVENT_NEED_MORE;
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return EVENT_NEED_MORE;
    if (wants_explanation(connection, io)) return EVENT_RESPONSE_END;
    finish_response_apart(key.slot, (u32)key.fd, position_in(&connection->streams[TO_CLIENT], &io->cursor), 0);
    update_trace_apart(&key, io->now_ns);
    io->long_steps = 0;
    return EVENT_CONTINUE;
}

SEC("tp_btf/sys_exit")
int pass_messages(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;
    u64 event = EVENT_CONTINUE;

    if (!io) return leave_call(context);
    for (u32 i = 0; i < MESSAGE_EVENTS && event == EVENT_CONTINUE; i++) {
        event = pass_message(0);
        if (event == EVENT_RESPONSE_END) event = end_message(0);
    }
    key = io->key;
    if (!is_own(io)) return leave_call(context);
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    if (event == EVENT_RESPONSE_END) {
        io->explained++;
        io->next_prog = PROG_FINISH_EXPLAINED;
        bpf_tail_call(context, &tail_calls, PROG_EXPLAIN_RESPONSE);
        finish_response_apart(key.slot, (u32)key.fd, position_in(&connection->streams[TO_CLIENT], &io->cursor), 0);
    }
    update_activity(connection, &key, io->now_ns);
    update_trace_apart(&key, io->now_ns);
    if (event == EVENT_NEED_MORE) return 0;
    if (event == EVENT_RESPONSE_END && !io->cursor.bytes && io->cursor.at == io->cursor.end) return 0;
    if (event == EVENT_BUDGET) {
        io->long_steps = 0;
        return continue_in_bulk(context, connection, io);
    }
    if (connection->counted & COUNTED_FRAMES) bpf_tail_call(context, &tail_calls, PROG_READ_FRAMES);
    if (event == EVENT_CONTINUE || event == EVENT_RESPONSE_END) bpf_tail_call(context, &tail_calls, PROG_PASS_MESSAGES);
    return continue_stream(context, connection, io); /* what is rare: the same event again */
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: the bytes of a system call on a connection, cut into requests and responses.
 * Hook: none of its own; sys_exit reaches it by a tail call, and it reaches itself. Minimum kernel 5.10.
 * Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_STREAM_BYTES_H
#define GUNICORN_BPF_PROGRAMS_STREAM_BYTES_H

#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "http/bulk.h"
#include "python/thread_state.h"

/* The server's bytes begin no response to a request. At the beginning of a connection: it speaks something else. Later: a
 * body that should not be there (of a HEAD response, say); every response begins with its own system call. */
static __always_inline void on_stray_bytes(struct connection *connection, const struct io_ctx *io, u8 event) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &io->key.slot);

    if (!connection->responses) {
        abandon_connection(connection);
        return;
    }
    if (connection->marks & MARK_STRAY || answers_skipped_request(connection)) return;
    connection->marks |= MARK_STRAY;
    if (total) increment(&total->protocol_errors[event == EVENT_STRAY ? ERROR_RESPONSE : ERROR_BYTES]);
}

/* A file's bytes, which cannot be looked at, where a status line should begin and no request waits for one. */
static __always_inline int is_stray_file(const struct connection *connection, u8 direction) {
    return direction == TO_CLIENT && connection->streams[TO_CLIENT].phase == PHASE_IDLE && connection->responses &&
           !connection->queued;
}

/* A response whose place was lost ends before this call: with the last write before it. */
static __always_inline void finish_lost_response(struct connection *connection, const struct io_ctx *io) {
    const struct stream *stream = &connection->streams[TO_CLIENT];
    struct connection_key key = io->key;

    if (io->direction == FROM_CLIENT) {
        finish_response_apart(key.slot, (u32)key.fd, stream->moved, 0);
        return;
    }
    connection->last_write_ns = io->last_write_ns;
    finish_response_apart(key.slot, (u32)key.fd, position_in(stream, &io->cursor), 0);
    connection->last_write_ns = connection->first_write_ns = io->now_ns;
}

/* Ends it, and goes on with the call's bytes. */
SEC("tp_btf/sys_exit")
int end_lost_response(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    finish_lost_response(connection, io);
    update_activity(connection, &key, io->now_ns);
    update_trace_apart(&key, io->now_ns);
    return continue_stream(context, connection, io);
}

/* Moves a call's bytes through their stream: a bounded number of steps and one event. What is left is done by further runs,
 * up to the kernel's limit of 33 tail calls. Its own program, so that it is verified for one state of the world and
 * not once for each system call. */
SEC("tp_btf/sys_exit")
int stream_bytes(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;

    u8 direction = io->direction & 1;
    struct iov_cursor *cursor = &io->cursor;
    u8 event;

    if (!io->is_begun && is_place_lost(connection)) {
        /* Apart from the loop, which the verifier would walk once more otherwise. */
        io->is_begun = 1;
        event = (u8)begin_lost_call(0);
        if (!is_own(io)) return leave_call(context);
        if (event == EVENT_NEED_MORE) return 0;
        if (event == EVENT_RESPONSE_END) {
            io->accepted_ns = identity_of(connection);
            io->next_prog = PROG_END_LOST_RESPONSE;
            bpf_tail_call(context, &tail_calls, PROG_EXPLAIN_RESPONSE);
            bpf_tail_call(context, &tail_calls, PROG_END_LOST_RESPONSE);
        }
        return continue_stream(context, connection, io);
    }
    event = advance(connection, &connection->streams[direction], cursor, direction, STREAM_STEPS);
    if (!is_own(io)) return leave_call(context);
    if (event == EVENT_NO_ADDRESS && is_stray_file(connection, direction)) event = EVENT_NOT_HTTP;
    switch (event) {
    case EVENT_RESPONSE_END:
        if (connection->streams[TO_CLIENT].status >= 400 && python_of(key.slot)) {
            io->next_prog = PROG_FINISH_EXPLAINED;
            bpf_tail_call(context, &tail_calls, PROG_EXPLAIN_RESPONSE);
        }
        finish_response_apart(key.slot, (u32)key.fd, position_in(&connection->streams[TO_CLIENT], cursor), 0);
        break;
    case EVENT_LINE:
    case EVENT_LINE_END:
    case EVENT_PIPELINED:
    case EVENT_VERSION:
    case EVENT_NO_END:
        take_head_event(event);
        break;
    case EVENT_NOT_HTTP:
    case EVENT_STRAY:
        on_stray_bytes(connection, io, event);
        skip_everything(cursor);
        break;
    case EVENT_UNREADABLE:
    case EVENT_NO_ADDRESS:
        count_drop(event == EVENT_UNREADABLE ? DROP_UNREADABLE : DROP_FRAMING);
        abandon_connection(connection);
        skip_everything(cursor);
        break;
    }
    update_activity(connection, &key, io->now_ns);
    update_trace_apart(&key, io->now_ns);
    if (event == EVENT_NEED_MORE) return 0;
    /* Also where the window is used up: a line that ends in a later call is still to be saved. */
    if (event == EVENT_BUDGET) return continue_in_bulk(context, connection, io);
    if (!cursor->bytes && cursor->at == cursor->end) return 0;
    if (connection->counted & COUNTED_FRAMES) bpf_tail_call(context, &tail_calls, PROG_READ_FRAMES);
    if (event == EVENT_PIPELINED || event == EVENT_RESPONSE_END)
        bpf_tail_call(context, &tail_calls, PROG_PASS_MESSAGES);
    return continue_stream(context, connection, io);
}

#endif

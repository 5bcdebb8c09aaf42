/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what repeats in a message whose bytes come in one system call: chunks, or lines of a head that do not matter.
 * Hook: none of its own; stream_bytes reaches it by a tail call when it has not come to the end of the call's bytes in one run.
 * Minimum kernel 5.10. Cost: nothing for most calls; then some 50 ns a chunk or a line.
 */
#ifndef GUNICORN_BPF_PROGRAMS_PASS_BULK_H
#define GUNICORN_BPF_PROGRAMS_PASS_BULK_H

#include "conn/tail_calls.h"
#include "http/bulk.h"

LOOP_STEP pass_chunk(u32 turn, struct io_ctx **at) {
    struct io_ctx *io = *at;

    (void)turn;
    io->bulk_event = step_chunk(&io->bulk, &io->cursor);
    return io->bulk_event == EVENT_CONTINUE ? CONTINUE_LOOP : BREAK_LOOP;
}

LOOP_STEP pass_line(u32 turn, struct io_ctx **at) {
    struct io_ctx *io = *at;

    (void)turn;
    io->bulk_event = step_lines(&io->bulk, &io->cursor, io->direction & 1);
    return io->bulk_event == EVENT_CONTINUE ? CONTINUE_LOOP : BREAK_LOOP;
}

/* Functions of their own, which the verifier walks once each (Linux 5.6). They take numbers only, so what they work on is in the
 * io_ctx. EVENT_CONTINUE: there is more. */
__noinline u64 pass_chunks(u32 index) {
    struct io_ctx *io = own_scratch_at(index);

    if (!io) return EVENT_NEED_MORE;
    io->bulk_event = EVENT_CONTINUE;
    repeat(BATCH_STEPS, pass_chunk, &io);
    return io->bulk_event;
}

__noinline u64 pass_lines(u32 index) {
    struct io_ctx *io = own_scratch_at(index);

    if (!io) return EVENT_NEED_MORE;
    io->bulk_event = EVENT_CONTINUE;
    repeat(BATCH_STEPS, pass_line, &io);
    return io->bulk_event;
}

SEC("tp_btf/sys_exit")
int pass_bulk(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;
    struct stream *stream;
    u64 event = EVENT_CONTINUE;

    if (!io) return leave_call(context);
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    stream = &connection->streams[io->direction & 1];
    io->bulk = *stream;
    if (is_between_chunks(stream)) {
        return_window(&io->cursor);
        for (u32 i = 0; i < BATCHES && event == EVENT_CONTINUE; i++) event = pass_chunks(0);
    } else {
        for (u32 i = 0; i < BATCHES && event == EVENT_CONTINUE; i++) event = pass_lines(0);
    }
    if (!is_own(io)) return leave_call(context);
    *stream = io->bulk;
    if (event == EVENT_NEED_MORE) return 0;
    if (event == EVENT_CONTINUE) bpf_tail_call(context, &tail_calls, PROG_PASS_BULK);
    return continue_stream(context, connection, io);
}

#endif

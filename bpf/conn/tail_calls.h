/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The programs behind sys_exit. sys_exit reaches them by tail calls, with their arguments in io_ctx. Each of them is verified
 * on its own: in one program the verifier would walk them once for every system call that leads there, and Linux 5.10
 * refuses that many instructions.
 */
#ifndef GUNICORN_BPF_CONN_TAIL_CALLS_H
#define GUNICORN_BPF_CONN_TAIL_CALLS_H

#include "conn/foreign_bytes.h"
#include "conn/in_flight.h"
#include "conn/requests.h"
#include "conn/scratch.h"
#include "core/slots.h"
#include "http/bulk.h"

/* By enum tail_call, which also names the programs for user space (userspace/probe/programs.cpp): it enters those that were
 * loaded. Not initialised here, since libbpf 1.1 then refuses to load an object in which one of them is turned off, and `check`
 * loads each program alone. */
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, TAIL_CALLS);
    __type(key, u32);
    __type(value, u32);
} tail_calls SEC(".maps");

/* Tells a connection from those that had its descriptor, or its map entry, before and will have it later. Read it before
 * deciding what to do with the connection: an entry that another thread deletes is given to the next one at once. */
static __always_inline u64 identity_of(const struct connection *connection) {
    return *(const volatile u64 *)&connection->accepted_ns;
}

/* The connection that was to be closed, or NULL if its key means another one by now: another thread may have ended it
 * meanwhile, and even have begun the next. */
static __always_inline struct connection *conn_to_close(const struct io_ctx *io, const struct connection_key *key) {
    struct connection *connection = bpf_map_lookup_elem(&connections, key);

    return connection && connection->accepted_ns == io->accepted_ns ? connection : NULL;
}

/* One thread at a time explains how a connection ends, and ends it: what it finds is written to the connection. */
static __always_inline void claim_end(struct io_ctx *io, const struct connection_key *key) {
    struct conn_end end = {.accepted_ns = io->accepted_ns, .owner = io->owner};
    const struct conn_end *claimed;

    io->is_claimed = 0;
    if (!io->threads) return;
    if (!bpf_map_update_elem(&closing_conns, key, &end, BPF_NOEXIST)) {
        io->is_claimed = 1;
        return;
    }
    claimed = bpf_map_lookup_elem(&closing_conns, key); /* by this thread, if recover_call begins once more */
    io->is_claimed = claimed && claimed->owner == end.owner;
}

static __always_inline void release_end(struct io_ctx *io, const struct connection_key *key) {
    if (io->is_claimed) bpf_map_delete_elem(&closing_conns, key);
    io->is_claimed = 0;
}

/* Hands a connection, of which identity_of() has been `accepted_ns`, to end_by_call or shut_by_call. Does not return if the
 * tail call succeeds. */
static __always_inline int close_conn(void *context, const struct connection_key *key,
                                      const struct connection *connection, u64 accepted_ns, u8 close_reason,
                                      u64 now_ns) {
    struct io_ctx *io = claim_scratch();

    if (!io) return 0;
    io->key = *key;
    io->accepted_ns = accepted_ns;
    io->close_reason = close_reason;
    io->threads = (u8)has_threads();
    io->now_ns = now_ns;
    io->next_prog = close_reason == CLOSE_SHUTDOWN ? PROG_SHUT_BY_CALL : PROG_END_BY_CALL;
    io->is_claimed = 0; /* by shutdown() the descriptor stays, so that no other thread is given it */
    if (close_reason != CLOSE_SHUTDOWN) claim_end(io, key);
    if (io->is_claimed || !io->threads || close_reason == CLOSE_SHUTDOWN) {
        if (response_is_open(connection))
            bpf_tail_call(context, &tail_calls, PROG_EXPLAIN_RESPONSE);
        else if (is_unanswered(connection) && !foreign_bytes(connection))
            bpf_tail_call(context, &tail_calls, PROG_EXPLAIN_ABORT);
    }
    bpf_tail_call(context, &tail_calls, io->next_prog);
    release_end(io, key);
    return 0;
}

/* Another thread has used the scratch in the middle of a call. */
static __always_inline int leave_call(void *context) {
    count_drop(DROP_PREEMPTED);
    bpf_tail_call(context, &tail_calls, PROG_RECOVER_CALL);
    return 0;
}

/* Hands the call's bytes to stream_bytes. Returns only where the kernel's limit of tail calls is reached. */
static __always_inline int continue_stream(void *context, struct connection *connection, const struct io_ctx *io) {
    struct connection_key key = io->key;

    bpf_tail_call(context, &tail_calls, PROG_STREAM_BYTES);
    count_drop(DROP_PARSE_BUDGET);
    lose_place(connection, io->direction, RESYNC_PARSE_BUDGET);
    update_activity(connection, &key, io->now_ns);
    return 0;
}

/* The functions below are walked once each by the verifier (Linux 5.6). They take numbers only, so what they work on is in the io_ctx
 * of the processor. */

/* Begins a call on a connection whose place is lost: enum stream_event, as on_call_start() has it. */
__noinline u64 begin_lost_call(u32 index) {
    struct io_ctx *io = own_scratch_at(index);
    struct connection *connection;
    struct connection_key key;

    if (!io) return EVENT_NEED_MORE;
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    return connection ? on_call_start(connection, &io->cursor, io->direction & 1) : EVENT_NEED_MORE;
}

/* Deals with an event within a head. */
__noinline u64 take_head_event(u32 event) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;
    struct stream *stream;

    if (!io) return 0;
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    stream = &connection->streams[io->direction & 1];
    switch (event) {
    case EVENT_LINE:
    case EVENT_LINE_END:
        keep_line(connection, stream, &io->cursor, event == EVENT_LINE_END);
        break;
    case EVENT_PIPELINED:
        begin_pipelined(connection, io);
        break;
    case EVENT_VERSION:
        read_long_version(stream, &io->cursor);
        break;
    case EVENT_NO_END:
        lose_place(connection, FROM_CLIENT, RESYNC_REQUEST_END);
        skip_everything(&io->cursor);
        break;
    }
    return 0;
}

/* Hands the call's bytes to pass_bulk where that goes on faster, else to stream_bytes. */
static __always_inline int continue_in_bulk(void *context, struct connection *connection, const struct io_ctx *io) {
    const struct stream *stream = &connection->streams[io->direction & 1];

    if (is_between_chunks(stream) || is_between_lines(stream, io->direction) || is_between_spaces(stream, &io->cursor))
        bpf_tail_call(context, &tail_calls, PROG_PASS_BULK);
    return continue_stream(context, connection, io);
}

#endif

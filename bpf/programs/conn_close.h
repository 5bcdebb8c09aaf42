/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: the ends of connections, by system calls and, run by user space, of those that a process left behind. Also lets
 * user space begin a connection that was open before the exporter started.
 * Hook: none of their own; sys_exit reaches end_by_call and shut_by_call by tail calls, user space runs the others
 * (BPF_PROG_TEST_RUN, Linux 5.10). Minimum kernel 5.10. Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_CONN_CLOSE_H
#define GUNICORN_BPF_PROGRAMS_CONN_CLOSE_H

#include "conn/accept.h"
#include "conn/responses.h"

/* A connection was accepted whose descriptor meant another one, which another thread is still ending: begins at the other
 * key. A connection that is left there is ended first; if another thread is doing that, too, the first key is tried again,
 * and so on up to the kernel's limit of 33 tail calls. */
static __always_inline int open_alt_conn(void *context, struct io_ctx *io) {
    struct connection_key key = io->key;
    const struct connection *left;

    key.fd ^= CONN_ALT_KEY;
    left = bpf_map_lookup_elem(&connections, &key);
    if (!left) {
        begin_connection(&key, io->now_ns);
        return 0;
    }
    io->key = key;
    io->accepted_ns = left->accepted_ns;
    claim_end(io, &key);
    bpf_tail_call(context, &tail_calls, PROG_END_BY_CALL);
    release_end(io, &key);
    count_drop(DROP_CONNECTIONS_FULL);
    return 0;
}

/* The end of a connection. One thread may do it at a time. A thread in close() leaves it to the other; a thread that got the
 * number from accept() does not wait, and uses the alternative key. */
SEC("tp_btf/sys_exit")
int end_by_call(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    if (io->threads && !io->is_claimed) return io->close_reason == CLOSE_REUSED ? open_alt_conn(context, io) : 0;
    connection = conn_to_close(io, &key);
    if (connection) finish_connection(connection, &key, BY_SERVER, io->now_ns);
    if (io->close_reason == CLOSE_REUSED) begin_connection(&key, io->now_ns);
    release_end(io, &key);
    return 0;
}

/* Nothing more will be written to a connection. */
SEC("tp_btf/sys_exit")
int shut_by_call(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = conn_to_close(io, &key);
    if (!connection) return 0;
    end_open_response(connection, &key, BY_SERVER);
    if (connection->counted & COUNTED_WEBSOCKET) note_websocket_end(connection, side_that_ended(connection));
    ignore_connection(connection); /* what is read from here on is drained, not served */
    update_activity(connection, &key, io->now_ns);
    return 0;
}

/* The two programs below hang on no hook: user space runs them (BPF_PROG_TEST_RUN, Linux 5.10), so that one piece of
 * code knows what a connection looks like. */

/* A connection that its process left behind. Arguments: slot, descriptor, enum ended_by, when the process ended. */
SEC("raw_tp")
int end_connection(struct bpf_raw_tracepoint_args *context) {
    struct connection_key key = {.slot = (slot_t)context->args[0], .fd = (s32)context->args[1]};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);

    if (connection) finish_connection(connection, &key, (u32)context->args[2], context->args[3]);
    return 0;
}

/* A connection at the key of its file: ends if nobody holds that any more. Arguments: slot, the key's descriptor, now. */
SEC("raw_tp")
int end_if_closed(struct bpf_raw_tracepoint_args *context) {
    struct connection_key key = {.slot = (slot_t)context->args[0], .fd = (s32)context->args[1]};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);

    if (connection && !is_open(connection->file, connection->inode))
        finish_connection(connection, &key, BY_SERVER, context->args[2]);
    return 0;
}

/* A connection that was open before us. Arguments: slot, descriptor, the socket's inode. Until the next request
 * begins nothing is known of it: what is in flight is not counted. */
SEC("raw_tp")
int adopt_connection(struct bpf_raw_tracepoint_args *context) {
    struct connection_key key = {.slot = (slot_t)context->args[0], .fd = (s32)context->args[1]};
    u32 index = NEW_ADOPTED;
    struct connection *connection = bpf_map_lookup_elem(&new_connection, &index);

    /* Complete before it enters the map: the process may use the connection at any moment. */
    if (!connection) return 0;
    connection->inode = context->args[2];
    connection->flags = CONNECTION_IS_ADOPTED;
    connection->streams[TO_CLIENT].phase = PHASE_IGNORED;
    if (!bpf_map_lookup_elem(&connections, &key) && add_connection(&key, connection)) count_opened(&key);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: the code that ends a response of status >= 400, or any with its connection, and the exception that it is handling.
 * Hook: none of its own; stream_bytes and what ends connections reach it by tail calls. Not loaded where exceptions are not
 * observed. Minimum kernel 5.10. Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_EXPLAIN_RESPONSE_H
#define GUNICORN_BPF_PROGRAMS_EXPLAIN_RESPONSE_H

#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "python/exc_info_chain.h"
#include "python/exception_match.h"

static __always_inline int is_client_error(u16 status) { return status >= 400 && status < 500; }

/* Which exception the thread is handling that ends a response of this status. Below 400 it alone says that there was a failure,
 * so it has to be certain that a request raised it. A client that leaves raises one, too, in the server. */
static __always_inline void read_cause(const struct python *python, slot_t slot, struct py_scratch *scratch,
                                       struct connection *connection) {
    u16 status = connection->streams[TO_CLIENT].status;

    if (status >= 400 ||
        (!(connection->flags & CONNECTION_PEER_RESET) && python->ambient_exception != AMBIENT_NOT_KNOWN))
        read_handled_exception(slot, connection->exception, status < 400 ? HANDLED_AT_END : HANDLED_BY_WRITER);
    if (status < 400) {
        /* Nothing tells of a failure: needs no record. */
        if (!connection->exception[0] && !was_logged_since_begin(slot, connection)) connection->by.thread = 0;
        return;
    }
    if (watch_raises) add_raised_exception(python, slot, connection);
    if (is_client_error(status) && connection->exception[0] && scratch->thread &&
        is_parser_error_reply(slot, scratch->thread))
        connection->by.raised |= RAISED_BY_PARSER;
}

/* Another thread than the writer's ends a response before its end, as gthread's main thread does. What the writer has logged may
 * have ended it. */
static __always_inline void read_cause_by_another(slot_t slot, struct py_scratch *scratch,
                                                  struct connection *connection) {
    connection->by.thread = 0;
    if (!was_logged_since_begin(slot, connection) || closer_of(slot, scratch->thread) == CLOSER_APPLICATION) return;
    connection->by = (struct exec_context){.thread = connection->writer};
}

/* A response of status >= 400 is complete, or any ends with its connection: reads which code does it and which
 * exception it is handling, and goes on with finish_explained, or with what ends the connection. That may be another thread, which
 * closes a file of its own that was given the number before the close was seen here: it has nothing to do with the response. */
SEC("tp_btf/sys_exit")
int explain_response(u64 *context) {
    struct io_ctx *io = own_scratch();
    const struct python *python;
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = io->next_prog == PROG_FINISH_EXPLAINED ? bpf_map_lookup_elem(&connections, &key)
                                                        : conn_to_close(io, &key);
    python = connection ? python_of(key.slot) : NULL;
    if (python && read_execution(key.slot)) {
        connection->by = io->scratch.by;
        if (connection->writer == connection->by.thread)
            read_cause(python, key.slot, &io->scratch, connection);
        else
            read_cause_by_another(key.slot, &io->scratch, connection);
    }
    if (!is_own(io)) {
        if (connection) forget_cause(connection);
        return leave_call(context);
    }
    bpf_tail_call(context, &tail_calls, io->next_prog);
    release_end(io, &key);
    return 0;
}

/* A response is complete, and what explain_response found is beside it. A program of its own: with the other Linux 5.10 would not
 * verify it. */
SEC("tp_btf/sys_exit")
int finish_explained(u64 *context) {
    struct io_ctx *io = own_scratch();
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;
    finish_response_apart(key.slot, (u32)key.fd, position_in(&connection->streams[TO_CLIENT], &io->cursor), 0);
    update_activity(connection, &key, io->now_ns);
    update_request_trace(connection, &key, io->now_ns);
    if (!io->cursor.bytes && io->cursor.at == io->cursor.end) return 0;
    bpf_tail_call(context, &tail_calls, PROG_PASS_MESSAGES);
    return continue_stream(context, connection, io);
}

#endif

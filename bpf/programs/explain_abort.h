/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: requests that end with their connection and without a response, and the exception that ended them.
 * Hook: none of its own; what ends connections reaches it by a tail call, of a connection with an unanswered request only. Not
 * loaded where exceptions are not observed. Minimum kernel 5.10. Cost: nothing for requests that are answered.
 */
#ifndef GUNICORN_BPF_PROGRAMS_EXPLAIN_ABORT_H
#define GUNICORN_BPF_PROGRAMS_EXPLAIN_ABORT_H

#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "python/exc_info_chain.h"
#include "python/exception_match.h"

/* The request ends unanswered. What is being handled is its exception if the server closes; else what was logged may be, and
 * that is looked for by the thread that read the request: gthread closes in another one. */
static __always_inline void read_cause_of_abort(const struct python *python, slot_t slot, struct py_scratch *scratch,
                                                struct connection *connection) {
    u64 closer = scratch->thread ? closer_of(slot, scratch->thread) : CLOSER_APPLICATION;

    if (closer != CLOSER_APPLICATION && python->ambient_exception != AMBIENT_NOT_KNOWN)
        read_handled_exception(slot, connection->exception, HANDLED_AT_END);
    else
        scratch->left = 1;
    if (!connection->exception[0] && closer == CLOSER_FINAL && !scratch->left) {
        connection->by.raised |= RAISED_AND_CLOSED;
        if (watch_raises && connection->reader == connection->by.thread)
            add_raised_exception(python, slot, connection);
        else if (watch_raises)
            add_exception_of_another(python, slot, connection);
    }
    if (connection->exception[0]) connection->by.raised |= RAISED_IN_APPLICATION;
    if (connection->reader != connection->by.thread) {
        connection->by.thread = connection->reader;
        connection->by.outermost_frame = connection->by.context = 0;
        connection->by.is_main_module = 0;
    }
    if (!connection->exception[0] && !(connection->by.raised & RAISED_AND_CLOSED) &&
        !was_logged_since_begin(slot, connection))
        connection->by.thread = 0;
}

/* Here and not where the request is counted: Linux 5.10 would not verify that program. Where each request is recorded anyway it is
 * done there. */
static __always_inline void record_abort(struct connection *connection, const struct connection_key *key,
                                         const struct io_ctx *io) {
    if (record_every_response || !connection->by.thread || io->next_prog == PROG_SHUT_BY_CALL) return;
    if (connection->flags & CONNECTION_ABORT_RECORDED) return;
    connection->flags |= CONNECTION_ABORT_RECORDED;
    record_request(connection, key, RECORD_ABORTED, 0, io->now_ns, duration_until(connection, io->now_ns), 1,
                   (u8)side_that_ended(connection));
}

/* Goes on with what ends the connection. */
SEC("tp_btf/sys_exit")
int explain_abort(u64 *context) {
    struct io_ctx *io = own_scratch();
    const struct python *python;
    struct connection *connection;
    struct connection_key key;

    if (!io) return leave_call(context);
    key = io->key;
    connection = conn_to_close(io, &key);
    python = connection ? python_of(key.slot) : NULL;
    if (python) {
        /* Else shutdown() has found it. */
        if (!connection->exception[0] && read_execution(key.slot)) {
            connection->by = io->scratch.by;
            read_cause_of_abort(python, key.slot, &io->scratch, connection);
            if (!is_own(io)) {
                forget_cause(connection);
                return leave_call(context);
            }
        }
        record_abort(connection, &key, io);
    }
    bpf_tail_call(context, &tail_calls, io->next_prog);
    release_end(io, &key);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: who ends a response of status >= 400, or any with its connection, and which exception is being handled then.
 * Hook: none of its own; stream_bytes and what ends connections reach it by tail calls. Not loaded where exceptions are not
 * observed. Minimum kernel 5.10. Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_EXPLAIN_RESPONSE_H
#define GUNICORN_BPF_PROGRAMS_EXPLAIN_RESPONSE_H

#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "python/exception_match.h"

static __always_inline int is_client_error(u16 status) { return status >= 400 && status < 500; }

/* An exception was logged since the request began: it may be what ended the response. Not since the response began: an event
 * loop may write later what was there before. */
static __always_inline int may_have_failed(slot_t slot, const struct connection *connection) {
    const struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    return total && total->last_logged_ns >= connection->current.first_byte_ns;
}

/* Which exception the thread is handling that ends a response of this status. Below 400 it alone says that there was a failure,
 * so it has to be certain that a request raised it. A client that leaves raises one, too, in the server. */
static __always_inline void name_cause(const struct python *python, slot_t slot, struct walk *walk, struct connection *connection) {
    u16 status = connection->streams[TO_CLIENT].status;

    name_execution(python, walk, &connection->by);
    if (status >= 400 || (!(connection->flags & CONNECTION_PEER_RESET) && python->ambient_exception != AMBIENT_NOT_KNOWN))
        name_handled_exception(python, walk, connection->exception);
    if (status < 400) {
        /* Nothing tells of a failure: needs no record. */
        if (!connection->exception[0] && !may_have_failed(slot, connection)) connection->by.thread = 0;
        return;
    }
    if (watch_raises) add_raised_exception(python, slot, connection);
    if (is_client_error(status) && connection->exception[0] && walk->thread && refuses(slot, walk->thread))
        connection->by.raised |= RAISED_BY_PARSER;
}

/* A response of status >= 400 is complete, or any ends with its connection: looks who does it and which exception is being
 * handled, and goes on as stream_bytes, or with what ends the connection. That may be another thread, which closes a file of its
 * own that was given the number before the close was seen here: it has nothing to do with the response. */
SEC("tp_btf/sys_exit")
int explain_response(u64 *context) {
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);
    const struct python *python;
    struct connection *connection;
    struct connection_key key;

    if (!portion) return 0;
    key = portion->key;
    connection = portion->then ? connection_to_end(portion, &key) : bpf_map_lookup_elem(&connections, &key);
    python = connection && connection->writer == (u32)bpf_get_current_pid_tgid() ? python_of(key.slot) : NULL;
    if (python) {
        find_thread(python, &portion->walk);
        name_cause(python, key.slot, &portion->walk, connection);
    }
    if (portion->then) {
        bpf_tail_call(context, &parts, portion->then);
        return 0;
    }
    if (!connection) return 0;
    finish_response(connection, &key, position_in(&connection->streams[TO_CLIENT], &portion->feed), 0, 0);
    settle_activity(connection, &key, portion->now_ns);
    settle_trace(connection, &key, portion->now_ns);
    if (!portion->feed.bytes && portion->feed.at == portion->feed.end) return 0;
    return continue_portion(context, connection, portion);
}

#endif

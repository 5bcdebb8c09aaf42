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
#include "python/thread_state.h"

/* The server's bytes are not a status line. At the beginning of a connection: it speaks something else. Later: a
 * body that should not be there (of a HEAD response, say); every response begins with its own system call. */
static __always_inline void on_not_http(struct connection *connection, struct feed *feed) {
    skip_everything(feed);
    if (connection->responses) return;
    abandon_connection(connection);
}

/* Moves a portion through its stream: a bounded number of steps and one event. What is left is done by further runs,
 * up to the kernel's limit of 33 tail calls. Its own program, so that it is verified for one state of the world and
 * not once for each system call. */
SEC("tp_btf/sys_exit")
int stream_bytes(u64 *context) {
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);
    struct connection *connection;
    struct connection_key key;

    if (!portion) return 0;
    key = portion->key;
    connection = bpf_map_lookup_elem(&connections, &key);
    if (!connection) return 0;

    u8 direction = portion->direction & 1;
    struct feed *feed = &portion->feed;
    u8 event = advance(connection, &connection->streams[direction], feed, direction);

    switch (event) {
    case EVENT_RESPONSE_END:
        if (connection->streams[TO_CLIENT].status >= 400 && python_of(key.slot)) {
            portion->then = 0;
            bpf_tail_call(context, &parts, PROG_EXPLAIN_RESPONSE);
        }
        finish_response(connection, &key, position_in(&connection->streams[TO_CLIENT], feed), 0, 0);
        break;
    case EVENT_LINE:
    case EVENT_LINE_END:
        keep_line(connection, &connection->streams[direction], feed, event == EVENT_LINE_END);
        break;
    case EVENT_PIPELINED:
        begin_pipelined(connection, portion);
        break;
    case EVENT_NOT_HTTP:
        on_not_http(connection, feed);
        break;
    case EVENT_UNREADABLE:
    case EVENT_NO_ADDRESS:
        count_drop(event == EVENT_UNREADABLE ? DROP_UNREADABLE : DROP_FRAMING);
        abandon_connection(connection);
        skip_everything(feed);
        break;
    }
    settle_activity(connection, &key, portion->now_ns);
    settle_trace(connection, &key, portion->now_ns);
    if (event == EVENT_HUNGRY || (!feed->bytes && feed->at == feed->end)) return 0;
    return continue_portion(context, connection, portion);
}

#endif

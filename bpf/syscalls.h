/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what workers do with their connections. Hook: tp_btf/sys_exit, one program for all calls.
 *
 * At the exit the result is known (only what a call moved counts), and the buffers have just been touched by the
 * kernel, so they are resident. A descriptor's reuse cannot be mistaken, although nothing watches the entry of
 * close(): each use compares the open file behind the descriptor with the one that was accepted.
 * Minimum kernel 5.10. Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_SYSCALLS_H
#define GUNICORN_BPF_SYSCALLS_H

#include "accept.h"
#include "operations.h"
#include "raised.h"
#include "registers.h"
#include "responses.h"
#include "rooms.h"

/* The larger part of a msghdr(3) that is read. */
struct message {
    u64 name;
    u64 name_bytes;
    u64 vector;
    u64 vectors;
};

enum { PEEK = 2 /* MSG_PEEK */, SHUT_WRITE = 1 /* SHUT_WR; 2 is SHUT_RDWR */ };
enum { BROKEN_PIPE = -32, CONNECTION_RESET = -104 };

/* The server's bytes are not a status line. At the beginning of a connection: it speaks something else. Later: a
 * body that should not be there (of a HEAD response, say); every response begins with its own system call. */
static __always_inline void on_not_http(struct connection *connection, struct feed *feed) {
    skip_everything(feed);
    if (connection->responses) return;
    abandon_connection(connection);
}

/* Where the bytes of a call are. 0: they do not count. */
static __always_inline int fill_feed(struct feed *feed, u8 operation, const u64 *arguments, u64 bytes) {
    struct message message = {};

    feed->address = arguments[1];
    feed->segment = bytes;
    feed->bytes = bytes;
    feed->vector = 0;
    feed->at = feed->line = feed->end = 0;
    switch (operation) {
    case OP_RECEIVE:
        return !(arguments[3] & PEEK);
    case OP_READ_VECTOR:
    case OP_WRITE_VECTOR:
        feed->vector = arguments[1];
        feed->segment = 0;
        return 1;
    case OP_RECEIVE_MESSAGE:
    case OP_SEND_MESSAGE:
        if (operation == OP_RECEIVE_MESSAGE && arguments[2] & PEEK) return 0;
        copy_from_task(&message, sizeof message, arguments[1]);
        feed->vector = message.vector;
        feed->segment = 0;
        return 1;
    case OP_SENDFILE:
    case OP_SPLICE:
        feed->address = 0;
        return 1;
    }
    return 1;
}

/* Hands the portion to stream_bytes. Returns only where the kernel's limit of tail calls is reached. */
static __always_inline int continue_portion(void *context, struct connection *connection,
                                            const struct portion *portion) {
    struct connection_key key = portion->key;

    bpf_tail_call(context, &parts, PROG_STREAM_BYTES);
    count_drop(DROP_PARSE_BUDGET);
    abandon_connection(connection);
    settle_activity(connection, &key, portion->now_ns);
    return 0;
}

/* The commonest portions need no look at their bytes: the middle of a body, and what is not HTTP. */
static __always_inline int only_counts(struct connection *connection, const struct portion *portion) {
    struct stream *stream = &connection->streams[portion->direction & 1];

    if (stream->phase == PHASE_IGNORED || stream->phase == PHASE_UNTIL_CLOSE) return 1;
    if (stream->phase != PHASE_BODY || stream->remaining <= portion->feed.bytes) return 0;
    stream->remaining -= portion->feed.bytes;
    return 1;
}

/* A call that moved nothing can still say that the client is gone. */
static __always_inline void on_nothing_moved(struct connection *connection, u8 operation, long result) {
    if (result == BROKEN_PIPE || result == CONNECTION_RESET) connection->flags |= CONNECTION_PEER_RESET;
    if (!result && !is_write(operation)) connection->flags |= CONNECTION_PEER_CLOSED;
}

static __always_inline int on_bytes(void *context, struct connection *connection, struct connection_key *key,
                                    u8 operation, const u64 *arguments, long result) {
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);

    if (!portion) return 0;
    if (operation == OP_UNSUPPORTED) {
        count_drop(DROP_SYSCALL);
        abandon_connection(connection);
        settle_activity(connection, key, bpf_ktime_get_ns());
        return 0;
    }
    if (!fill_feed(&portion->feed, operation, arguments, (u64)result)) return 0;
    portion->key = *key;
    portion->now_ns = bpf_ktime_get_ns();
    portion->direction = is_write(operation) ? TO_CLIENT : FROM_CLIENT;
    connection->streams[portion->direction & 1].moved += (u64)result;
    if (is_write(operation)) {
        connection->last_write_ns = portion->now_ns;
        connection->writer = (u32)bpf_get_current_pid_tgid();
        if (connection->streams[TO_CLIENT].phase == PHASE_IDLE) connection->first_write_ns = portion->now_ns;
        trace_write(connection, key, portion->now_ns);
    } else {
        connection->flags |= CONNECTION_SAW_BYTES;
    }
    if (only_counts(connection, portion)) return 0;
    return continue_portion(context, connection, portion);
}

static __always_inline int on_descriptor(void *context, slot_t slot, s32 fd, u8 operation, const u64 *arguments,
                                         long result) {
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *connection = connection_of(&key);
    u64 accepted_ns;

    if (!connection) return 0;
    accepted_ns = identity_of(connection);
    if (!is_same_file(connection, fd)) {
        /* Closed, or closed and reused already: by close() and dup2() here, else by a way that has no hook. */
        return end_connection_by(context, &key, connection, accepted_ns, ENDING_CLOSED, bpf_ktime_get_ns());
    }
    if (operation == OP_CLOSE || operation == OP_DUPLICATE) return 0; /* reused by another thread's accept */
    if (operation == OP_SHUTDOWN) {
        if (arguments[1] < SHUT_WRITE) return 0;
        return end_connection_by(context, &key, connection, accepted_ns, ENDING_SHUT, bpf_ktime_get_ns());
    }
    if (result <= 0) {
        on_nothing_moved(connection, operation, result);
        return 0;
    }
    return on_bytes(context, connection, &key, operation, arguments, result);
}

static __always_inline void note_poll(slot_t slot) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    if (total) total->last_polled_ns = bpf_ktime_get_ns();
}

SEC("tp_btf/sys_exit")
int sys_exit(u64 *context) {
    const struct pt_regs *regs = (const struct pt_regs *)context[0];
    long result = (long)context[1];
    u64 number = CALL_NUMBER(regs);
    u8 operation;

    if (number >= OPERATIONS) return 0;
    operation = operations[number];
    if (operation == OP_NONE) return 0;

    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    slot_t slot = slot_of(tgid);
    if (!slot && operation != OP_LISTEN) return 0;

    u64 arguments[4] = {CALL_ARGUMENT_0(regs), CALL_ARGUMENT_1(regs), CALL_ARGUMENT_2(regs), CALL_ARGUMENT_3(regs)};
    switch (operation) {
    case OP_LISTEN:
        if (!result) on_listen(tgid, slot, (s32)arguments[0], bpf_ktime_get_ns());
        return 0;
    case OP_GETPID:
        bpf_tail_call(context, &parts, PROG_READ_LOG_RECORD);
        return 0;
    case OP_POLL:
        note_poll(slot);
        return 0;
    case OP_ACCEPT:
        return result < 0 ? 0 : on_accept(context, slot, (s32)arguments[0], (s32)result, bpf_ktime_get_ns());
    case OP_DUPLICATE:
        return on_descriptor(context, slot, (s32)arguments[1], operation, arguments, result);
    case OP_SPLICE:
        return on_descriptor(context, slot, (s32)arguments[2], operation, arguments, result);
    default:
        return on_descriptor(context, slot, (s32)arguments[0], operation, arguments, result);
    }
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

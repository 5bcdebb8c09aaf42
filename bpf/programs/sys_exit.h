/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what workers do with their connections. Hook: tp_btf/sys_exit, one program for all calls.
 *
 * At the exit the result is known (only what a call moved counts), and the buffers have just been touched by the
 * kernel, so they are resident. A descriptor's reuse cannot be mistaken, although nothing watches the entry of
 * close(): each use compares the open file behind the descriptor with the one that was accepted.
 * Minimum kernel 5.10. Cost: docs/benchmarks.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_SYS_EXIT_H
#define GUNICORN_BPF_PROGRAMS_SYS_EXIT_H

#include "conn/accept.h"
#include "conn/arrivals.h"
#include "conn/lookup.h"
#include "conn/tail_calls.h"
#include "core/syscall_args.h"
#include "core/syscall_table.h"

/* The larger part of a msghdr(3) that is read. */
struct message {
    u64 name;
    u64 name_bytes;
    u64 vector;
    u64 vectors;
};

enum { DUPLICATE = 0 /* F_DUPFD */, DUPLICATE_CLOSING = 1030 /* F_DUPFD_CLOEXEC */ };
enum { PEEK = 2 /* MSG_PEEK */, SHUT_WRITE = 1 /* SHUT_WR; 2 is SHUT_RDWR */, WATCH = 1 /* EPOLL_CTL_ADD */ };

/* Errors of a call that say that the client, or the way to it, is gone. */
enum {
    BROKEN_PIPE = -32,
    NETWORK_UNREACHABLE = -101,
    CONNECTION_ABORTED_BY_HOST = -103,
    CONNECTION_RESET = -104,
    CONNECTION_TIMED_OUT = -110,
    HOST_UNREACHABLE = -113,
};

enum { ERROR_OUTPUT = 2 };

enum { CURSOR_SKIP = 0, CURSOR_READY = 1, CURSOR_UNREADABLE = 2 };

/* Points the cursor at the bytes of a call. CURSOR_SKIP: they do not count. */
static __always_inline int init_cursor(struct iov_cursor *cursor, u8 operation, const u64 *arguments, u64 bytes) {
    struct message message = {};

    cursor->address = arguments[1];
    cursor->segment = bytes;
    cursor->bytes = bytes;
    cursor->vector = 0;
    cursor->at = cursor->line = cursor->end = 0;
    switch (operation) {
    case OP_RECEIVE:
        return arguments[3] & PEEK ? CURSOR_SKIP : CURSOR_READY;
    case OP_READ_VECTOR:
    case OP_WRITE_VECTOR:
        cursor->vector = arguments[1];
        cursor->segment = 0;
        return CURSOR_READY;
    case OP_RECEIVE_MESSAGE:
    case OP_SEND_MESSAGE:
        if (operation == OP_RECEIVE_MESSAGE && arguments[2] & PEEK) return CURSOR_SKIP;
        if (copy_from_task(&message, sizeof message, arguments[1])) return CURSOR_UNREADABLE;
        cursor->vector = message.vector;
        cursor->segment = 0;
        return CURSOR_READY;
    case OP_SENDFILE:
    case OP_SPLICE:
        cursor->address = 0;
        return CURSOR_READY;
    }
    return CURSOR_READY;
}

/* Most calls need no look at their bytes: the middle of a body, and what is not HTTP. */
static __always_inline int only_counts(struct connection *connection, const struct io_ctx *io) {
    struct stream *stream = &connection->streams[io->direction & 1];

    if (stream->phase == PHASE_IGNORED || stream->phase == PHASE_UNTIL_CLOSE) return 1;
    if (stream->phase != PHASE_BODY || stream->remaining <= io->cursor.bytes || answers_skipped_request(connection))
        return 0;
    stream->remaining -= io->cursor.bytes;
    return 1;
}

/* A call that moved nothing can still say that the client is gone. Not when nothing more will be written: a client that was told so
 * by shutdown() closes, too (Gunicorn 26 waits for that). The end of a WebSocket is told by a Close frame before. */
static __always_inline void on_nothing_moved(struct connection *connection, u8 operation, long result) {
    if (connection->streams[TO_CLIENT].phase == PHASE_IGNORED && !(connection->counted & COUNTED_WEBSOCKET)) return;
    switch (result) {
    case BROKEN_PIPE:
    case NETWORK_UNREACHABLE:
    case CONNECTION_ABORTED_BY_HOST:
    case CONNECTION_RESET:
    case CONNECTION_TIMED_OUT:
    case HOST_UNREACHABLE:
        connection->flags |= CONNECTION_PEER_RESET;
    }
    if (!result && !is_write(operation)) connection->flags |= CONNECTION_PEER_CLOSED;
}

/* Nothing more of the connection counts. */
static __always_inline int give_up(struct connection *connection, struct connection_key *key, u32 reason) {
    count_drop(reason);
    abandon_connection(connection);
    update_activity(connection, key, bpf_ktime_get_ns());
    return 0;
}

static __always_inline int on_bytes(void *context, struct connection *connection, struct connection_key *key,
                                    u8 operation, const u64 *arguments, long result) {
    struct io_ctx *io = claim_scratch();

    if (!io) return 0;
    if (operation == OP_UNSUPPORTED) return give_up(connection, key, DROP_SYSCALL);
    switch (init_cursor(&io->cursor, operation, arguments, (u64)result)) {
    case CURSOR_SKIP:
        return 0;
    case CURSOR_UNREADABLE:
        return give_up(connection, key, DROP_MESSAGE);
    }
    io->key = *key;
    io->now_ns = bpf_ktime_get_ns();
    io->direction = is_write(operation) ? TO_CLIENT : FROM_CLIENT;
    io->last_write_ns = connection->last_write_ns;
    io->is_begun = 0;
    io->is_claimed = io->explained = io->long_steps = 0;
    connection->streams[io->direction & 1].moved += (u64)result;
    if (is_write(operation)) {
        connection->last_write_ns = io->now_ns;
        connection->writer = (u32)bpf_get_current_pid_tgid();
        if (connection->streams[TO_CLIENT].phase == PHASE_IDLE) connection->first_write_ns = io->now_ns;
        trace_write(connection, key, io->now_ns);
    } else {
        note_read(connection, key->slot);
        if (measure_activity && !measure_waits) hold_connection(connection, key); /* else sys_enter does */
        connection->flags |= CONNECTION_SAW_BYTES;
        connection->reader = (u32)bpf_get_current_pid_tgid();
    }
    if (may_be_answered(connection, io->direction))
        forget_answered(key->slot, (u32)key->fd, is_write(operation) ? (u64)result : 0);
    if (connection->counted & COUNTED_FRAMES) bpf_tail_call(context, &tail_calls, PROG_READ_FRAMES);
    if (only_counts(connection, io)) return 0;
    return continue_stream(context, connection, io);
}

/* "Traceback (most recent call last):", which Python writes by itself before the rest. */
static __always_inline int begins_traceback(u64 text) {
    u64 word = 0;

    return !copy_from_task(&word, sizeof word, text) && word == WORD('T', 'r', 'a', 'c', 'e', 'b', 'a', 'c');
}

/* `is_child`: the caller is a child of the worker, whose other descriptors are its own affair. */
static __always_inline int on_descriptor(void *context, slot_t slot, int is_child, s32 fd, u8 operation,
                                         const u64 *arguments, long result) {
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *connection = connection_of(&key);
    u64 accepted_ns;

    if (!connection) {
        if (is_child) return 0;
        if (operation == OP_WRITE && fd == ERROR_OUTPUT && begins_traceback(arguments[1]))
            bpf_tail_call(context, &tail_calls, PROG_READ_PRINTED);
        return 0;
    }
    accepted_ns = identity_of(connection);
    if (!is_same_file(connection, fd)) {
        if (is_child || stays_open(connection, &key)) return 0;
        /* Closed, or closed and reused already: by close() and dup2() here, else by a way that has no hook. */
        return close_conn(context, &key, connection, accepted_ns, CLOSE_DESCRIPTOR, bpf_ktime_get_ns());
    }
    if (operation == OP_CLOSE || operation == OP_DUPLICATE) return 0; /* reused by another thread's accept */
    if (operation == OP_SHUTDOWN) {
        if (arguments[1] < SHUT_WRITE) return 0;
        return close_conn(context, &key, connection, accepted_ns, CLOSE_SHUTDOWN, bpf_ktime_get_ns());
    }
    if (result <= 0) {
        on_nothing_moved(connection, operation, result);
        return 0;
    }
    return on_bytes(context, connection, &key, operation, arguments, result);
}

static __always_inline void note_poll(slot_t slot, s32 poller) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);
    u64 pid_tgid = bpf_get_current_pid_tgid();

    if (!total) return;
    total->last_polled_ns = bpf_ktime_get_ns();
    if (pid_tgid >> 32 == (u32)pid_tgid) total->activity.poller = (u64)poller + 1;
}

/* gthread's main thread watches a connection while no thread serves it. An application that watches its WebSocket itself does so
 * by another epoll instance. */
static __always_inline void on_watched(slot_t slot, s32 poller, s32 fd) {
    struct connection_key key = {.slot = slot, .fd = fd};
    const struct worker_totals *total;
    struct connection *connection;

    if (concurrency_of(slot) != CONCURRENCY_OF_THREADS) return;
    connection = connection_of(&key);
    total = bpf_map_lookup_elem(&totals, &slot);
    if (!connection || !total || !(connection->flags & CONNECTION_HELD) || !is_same_file(connection, fd)) return;
    if (total->activity.poller && total->activity.poller != (u64)poller + 1) return;
    connection->flags &= (u16)~CONNECTION_HELD;
    update_activity(connection, &key, bpf_ktime_get_ns());
}

/* What is done by it is seen by no system call. */
static __always_inline void note_io_uring(slot_t slot) {
    struct process *process = bpf_map_lookup_elem(&processes, &slot);

    if (process) process->uses_io_uring = 1;
}

static __always_inline void on_duplicate(u64 number, slot_t slot, const u64 *arguments, long result) {
    if (number == __NR_fcntl && arguments[1] != DUPLICATE && arguments[1] != DUPLICATE_CLOSING) return;
    if (result >= 0 && result != (s32)arguments[0]) note_duplicate(slot, (s32)arguments[0]);
}

/* A child of a worker: only what it does to the worker's connections matters. What it does at listen() and connect() is a stranger's. */
static __always_inline int on_child(void *context, const struct pt_regs *regs, slot_t slot, u8 operation,
                                    const u64 *arguments, long result) {
    switch (operation) {
    case OP_DUPLICATE_ANY:
    case OP_DUPLICATE:
        on_duplicate(CALL_NUMBER(regs), slot, arguments, result);
        return 0;
    case OP_SHUTDOWN:
    case OP_UNSUPPORTED:
        break;
    default:
        if (!is_read(operation) && !is_write(operation)) return 0;
    }
    return on_descriptor(context, slot, 1, fd_of_call(operation, regs), operation, arguments, result);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, const struct pt_regs *regs, long result) {
    u64 number = CALL_NUMBER(regs);
    u8 operation;

    if (number >= OPERATIONS) return 0;
    operation = operations[number];
    if (operation == OP_NONE) return 0;

    u32 cell = cell_of(bpf_get_current_pid_tgid() >> 32);
    slot_t slot = slot_in(cell);
    if (!cell && operation != OP_LISTEN && operation != OP_CONNECT) return 0;
    if (is_32bit_call()) {
        if (cell) count_drop(DROP_32BIT_SYSCALL);
        return 0;
    }

    if (operation == OP_IO_URING) {
        note_io_uring(cell & MAX_SLOT);
        return 0;
    }

    u64 arguments[4] = {CALL_ARGUMENT_0(regs), CALL_ARGUMENT_1(regs), CALL_ARGUMENT_2(regs), CALL_ARGUMENT_3(regs)};
    if (!slot && cell && operation != OP_LISTEN && operation != OP_CONNECT)
        return on_child(ctx, regs, cell & MAX_SLOT, operation, arguments, result);
    switch (operation) {
    case OP_LISTEN:
        bpf_tail_call(ctx, &tail_calls, PROG_NOTE_LISTENER);
        return 0;
    case OP_CONNECT:
        if (measure_waits) on_connected((s32)arguments[0], result);
        return 0;
    case OP_GETPID:
        bpf_tail_call(ctx, &tail_calls, PROG_READ_LOG_RECORD);
        return 0;
    case OP_POLL:
        note_poll(slot, (s32)arguments[0]);
        return 0;
    case OP_WATCH:
        if (!result && arguments[1] == WATCH) on_watched(slot, (s32)arguments[0], (s32)arguments[2]);
        return 0;
    case OP_ACCEPT:
        return result < 0 ? 0 : on_accept(ctx, slot, (s32)arguments[0], (s32)result, bpf_ktime_get_ns());
    case OP_DUPLICATE_ANY:
        on_duplicate(number, slot, arguments, result);
        return 0;
    case OP_DUPLICATE:
        on_duplicate(number, slot, arguments, result);
    }
    return on_descriptor(ctx, slot, 0, fd_of_call(operation, regs), operation, arguments, result);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: a system call in the middle of which another thread has used the scratch of the processor (conn/scratch.h).
 * Hook: none of its own; the programs that find it out reach it by tail calls. Minimum kernel 5.10. Cost: nothing.
 */
#ifndef GUNICORN_BPF_PROGRAMS_RECOVER_CALL_H
#define GUNICORN_BPF_PROGRAMS_RECOVER_CALL_H

#include "conn/accept.h"
#include "conn/lookup.h"
#include "conn/responses.h"
#include "conn/tail_calls.h"
#include "core/syscall_args.h"
#include "core/syscall_table.h"

/* Bytes that were sent are lost. The response is counted with the next message, or the end of the connection; if its head was among
 * them, with a status that could not be read. How many requests behind the first were answered, too, is not known: responses to the
 * others are counted without their labels, up to the next request. */
static __always_inline void lose_response(struct connection *connection, const struct connection_key *key) {
    struct stream *stream = &connection->streams[TO_CLIENT];

    if (connection->queued && !response_is_open(connection)) {
        stream->status = 0;
        stream->flags |= STREAM_HEAD_DONE;
        stream->phase = PHASE_UNTIL_NEXT;
    }
    lose_place(connection, TO_CLIENT, RESYNC_PREEMPTED);
    if (connection->queued <= 1) return;
    drop_pipelined(connection, key);
    connection->queued = 1;
    lose_place(connection, FROM_CLIENT, RESYNC_PREEMPTED);
}

/* What ends a connection, or begins one, is done once more from its beginning. Bytes are not, since some of them may count already:
 * their place is lost, up to the next message. */
SEC("tp_btf/sys_exit")
int BPF_PROG(recover_call, const struct pt_regs *regs, long result) {
    u64 number = CALL_NUMBER(regs);
    u32 cell = cell_of(bpf_get_current_pid_tgid() >> 32);
    struct connection_key key = {.slot = cell & MAX_SLOT};
    struct connection *connection;
    u64 now_ns = bpf_ktime_get_ns();
    u64 accepted_ns;
    u8 operation;

    if (number >= OPERATIONS || !key.slot) return 0;
    operation = operations[number];
    if (operation == OP_ACCEPT && slot_in(cell))
        return on_accept(ctx, key.slot, (s32)CALL_ARGUMENT_0(regs), (s32)result, now_ns);
    key.fd = fd_of_call(operation, regs);
    connection = connection_of(&key);
    if (!connection) return 0;
    accepted_ns = identity_of(connection);
    if (!is_same_file(connection, fd_of_call(operation, regs))) {
        if (!slot_in(cell)) return 0; /* a child of the worker */
        return close_conn(ctx, &key, connection, accepted_ns, CLOSE_DESCRIPTOR, now_ns);
    }
    if (operation == OP_SHUTDOWN) return close_conn(ctx, &key, connection, accepted_ns, CLOSE_SHUTDOWN, now_ns);
    if (is_write(operation))
        lose_response(connection, &key);
    else
        lose_place(connection, FROM_CLIENT, RESYNC_PREEMPTED);
    update_activity(connection, &key, now_ns);
    return 0;
}

#endif

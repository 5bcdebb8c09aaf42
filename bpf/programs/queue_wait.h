/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what connections wait for: when a unix client calls connect(), and when a worker reads; and which of them occupy a
 * worker or a thread.
 * Hook: tp_btf/sys_enter. Minimum kernel 5.10.
 * Cost: a comparison for every system call of the host.
 */
#ifndef GUNICORN_BPF_PROGRAMS_QUEUE_WAIT_H
#define GUNICORN_BPF_PROGRAMS_QUEUE_WAIT_H

#include "conn/lookup.h"
#include "conn/queue_wait.h"
#include "core/syscall_args.h"
#include "core/syscall_table.h"

/* Where it will lead is not known before it returns: sys_exit keeps those that an observed master listens for. */
static __always_inline void on_connect(s32 fd) {
    struct sock *sk = sock_of(file_of(fd));
    struct arrival arrival = {};
    u64 client = (u64)sk;

    if (!sk || !is_unix(sk)) return;
    arrival.at_ns = bpf_ktime_get_ns();
    if (bpf_map_update_elem(&arrivals, &client, &arrival, BPF_ANY)) count_drop(DROP_ARRIVALS_FULL);
}

static __always_inline void on_read(slot_t slot, s32 fd) {
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *connection = connection_of(&key);

    if (!connection) return;
    if (!(connection->flags & (CONNECTION_IS_ADOPTED | CONNECTION_WAS_READ)))
        record_read_wait(connection, slot, bpf_ktime_get_ns());
    else if (!is_same_file(connection, fd))
        return;
    else if (!(connection->flags & CONNECTION_IS_ADOPTED))
        record_next_wait(connection, slot, bpf_ktime_get_ns());
    if (measure_activity) hold_connection(connection, &key);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, const struct pt_regs *regs, u64 number) {
    slot_t slot;

    if (number == __NR_connect) {
        if (!is_32bit_call()) on_connect((s32)CALL_ARGUMENT_0(regs));
        return 0;
    }
    if (number >= OPERATIONS || !is_read(operations[number])) return 0;
    slot = slot_of(bpf_get_current_pid_tgid() >> 32);
    if (slot && !is_32bit_call()) on_read(slot, (s32)CALL_ARGUMENT_0(regs));
    return 0;
}

#endif

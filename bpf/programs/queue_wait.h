/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: how long connections wait for their worker: in the listener's queue until accept() returns, and from there until
 * the worker first reads.
 * Hooks: tp_btf/inet_sock_set_state, tp_btf/sys_enter. Minimum kernel 5.10.
 * Cost: a comparison for every system call of the host, an array look-up for each TCP connection that it accepts.
 */
#ifndef GUNICORN_BPF_PROGRAMS_QUEUE_WAIT_H
#define GUNICORN_BPF_PROGRAMS_QUEUE_WAIT_H

#include "conn/lookup.h"
#include "conn/queue_wait.h"
#include "core/syscall_args.h"
#include "core/syscall_table.h"

static __always_inline void note_arrival(u64 socket, u64 now_ns) {
    bpf_map_update_elem(&arrivals, &socket, &now_ns, BPF_ANY);
}

/* The last packet of the handshake came: the connection is in the listener's queue. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int before, int after) {
    if (before != STATE_SYN_RECEIVED || after != STATE_ESTABLISHED) return 0;
    if (!is_listened_on(sk->__sk_common.skc_num)) return 0;
    note_arrival((u64)sk, bpf_ktime_get_ns());
    return 0;
}

static __always_inline void on_connect(s32 fd) {
    struct sock *sk = sock_of(file_of(fd));

    if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_UNIX) note_arrival((u64)sk, bpf_ktime_get_ns());
}

static __always_inline void on_read(slot_t slot, s32 fd) {
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *connection = connection_of(&key);

    if (!connection || connection->flags & (CONNECTION_WAS_READ | CONNECTION_IS_ADOPTED)) return;
    record_read_wait(connection, slot, bpf_ktime_get_ns());
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, const struct pt_regs *regs, u64 number) {
    slot_t slot;

    if (number == __NR_connect) {
        on_connect((s32)CALL_ARGUMENT_0(regs));
        return 0;
    }
    if (number >= OPERATIONS || !is_read(operations[number])) return 0;
    slot = slot_of(bpf_get_current_pid_tgid() >> 32);
    if (slot) on_read(slot, (s32)CALL_ARGUMENT_0(regs));
    return 0;
}

/* User space runs it (BPF_PROG_TEST_RUN): a listener that was there before us. Argument: its port. */
SEC("raw_tp")
int watch_port(struct bpf_raw_tracepoint_args *context) {
    mark_port((u16)context->args[0]);
    return 0;
}

#endif

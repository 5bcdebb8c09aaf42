/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: how many connections wait in the listeners of observed processes, in every network namespace.
 * Hook: iter/task_file (Linux 5.8), run when user space reads it. Needs no privilege beyond those of the other programs.
 * Minimum kernel 5.10. Cost: an array look-up for each open file of the host, at each scrape.
 */
#ifndef GUNICORN_BPF_PROGRAMS_ITER_LISTENERS_H
#define GUNICORN_BPF_PROGRAMS_ITER_LISTENERS_H

#include "conn/listeners.h"
#include "conn/sockets.h"
#include "core/slots.h"

static __always_inline void read_state(struct listener_state *state, struct sock *sk) {
    state->limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
    if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_UNIX) {
        state->waiting = BPF_CORE_READ(sk, sk_receive_queue.qlen);
    } else {
        state->waiting = BPF_CORE_READ(sk, sk_ack_backlog);
        state->dropped = (u32)BPF_CORE_READ(sk, sk_drops.counter);
    }
}

SEC("iter/task_file")
int read_backlogs(struct bpf_iter__task_file *context) {
    struct task_struct *task = context->task;
    struct file *file = context->file;
    struct listener_state state = {};
    struct sock *sk;

    if (!task || !file) return 0;
    state.slot = slot_of((u32)task->tgid);
    if (!state.slot) return 0;
    if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKET_FILE_SYSTEM) return 0;
    state.inode = inode_of((u64)file);
    /* What a worker inherits is its master's. */
    if (!listens_on(state.slot, state.inode)) return 0;
    sk = sock_of((u64)file);
    if (!sk) return 0;
    read_state(&state, sk);
    bpf_seq_write(context->meta->seq, &state, sizeof state);
    return 0;
}

#endif

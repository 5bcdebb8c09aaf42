/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: listen(2): what observed processes listen on, and which processes may become Gunicorn masters.
 * Hook: none of its own; sys_exit reaches it by a tail call. Minimum kernel 5.10. Cost: a few microseconds for each listen().
 */
#ifndef GUNICORN_BPF_PROGRAMS_LISTEN_H
#define GUNICORN_BPF_PROGRAMS_LISTEN_H

#include "conn/listeners.h"
#include "conn/sockets.h"
#include "core/syscall_args.h"

/* Whether a process that has no slot may be about to become a Gunicorn master. */
static __always_inline int may_be_candidate(void) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();

    if (candidates == CANDIDATES_CHILDREN) return slot_of((u32)BPF_CORE_READ(task, real_parent, tgid)) != 0;
    return candidates != CANDIDATES_NONE;
}

static __always_inline void report_listen(slot_t slot, u32 tgid, u64 inode) {
    struct record_listen *record = reserve_record(sizeof *record);

    if (!record) return;
    fill_header(&record->header, RECORD_LISTEN, slot, tgid, bpf_ktime_get_ns());
    record->socket_inode = inode;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

/* A process that listens may be about to become a Gunicorn master: from now on its forks are observed, so that no request of its
 * workers is missed while user space finds out. A candidate is reported once, however often it listens. */
static __always_inline void on_listen(u32 tgid, slot_t slot, s32 fd) {
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);
    u64 file = file_of(fd);
    int is_new = !slot;

    /* Gunicorn makes its listeners in the main thread, since only that may handle signals. What listens in another one is the
     * control socket (25.1 and later), which is opened anew at each fork, or a server of the application's. */
    if ((u32)bpf_get_current_pid_tgid() != tgid) return;
    if (slot && process && process->role == ROLE_WORKER) {
        /* A server of the application's own; but with --reuse-port, from Gunicorn 24 on, each worker opens its own
         * listener. */
        if (shares_its_port(file)) add_listener(slot, fd, inode_of(file));
        return;
    }
    if (is_new) {
        if (!may_be_candidate()) return;
        slot = take_slot(tgid, ROLE_CANDIDATE, 0, bpf_ktime_get_ns());
        if (!slot) return;
    }
    add_listener(slot, fd, inode_of(file));
    if (is_new || (process && process->role == ROLE_MASTER)) report_listen(slot, tgid, inode_of(file));
}

SEC("tp_btf/sys_exit")
int BPF_PROG(note_listener, const struct pt_regs *regs, long result) {
    u32 tgid = bpf_get_current_pid_tgid() >> 32;

    if (!result) on_listen(tgid, slot_of(tgid), (s32)CALL_ARGUMENT_0(regs));
    return 0;
}

#endif

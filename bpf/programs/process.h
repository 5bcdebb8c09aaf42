/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: births, executions, signals and deaths of masters, candidates and workers. A worker is observed from its
 * first instruction: the hook runs in its parent before it is woken.
 * Hooks: tp_btf/sched_process_fork, sched_process_exec, sched_process_exit, signal_generate, raw_tp/mark_victim.
 * Minimum kernel 5.10.
 * Cost: an array look-up for processes that are not observed.
 */
#ifndef GUNICORN_BPF_PROGRAMS_PROCESS_H
#define GUNICORN_BPF_PROGRAMS_PROCESS_H

#include "core/slots.h"

/* No worker of Gunicorn's, but it has the worker's connections, and may answer on them. */
static __always_inline void mark_child(u32 tgid, struct process *worker, slot_t slot) {
    u16 *cell = slot_cell(tgid);

    if (!cell) return;
    *cell = (u16)(slot | SLOT_OF_CHILD);
    worker->forked_ns = bpf_ktime_get_ns();
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, const struct task_struct *parent, const struct task_struct *child) {
    u32 cell = cell_of((u32)parent->tgid);
    slot_t parent_slot = cell & ~SLOT_OF_CHILD;
    struct process *process;
    struct record_fork *record;
    slot_t slot;

    if (!cell || child->pid != child->tgid) return 0; /* not observed; a thread */
    process = bpf_map_lookup_elem(&processes, &parent_slot);
    if (!process) return 0;
    if (process->role == ROLE_WORKER) {
        mark_child((u32)child->tgid, process, parent_slot);
        return 0;
    }

    slot = take_slot((u32)child->tgid, ROLE_WORKER, parent_slot, bpf_ktime_get_ns());
    if (!slot) return 0;
    record = reserve_record(sizeof *record);
    if (!record) return 0;
    fill_header(&record->header, RECORD_FORK, slot, (u32)child->tgid, bpf_ktime_get_ns());
    record->parent_slot = parent_slot;
    record->parent_tgid = (u32)parent->tgid;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

/* Another program now: whatever it was, it is not observed any more. A successor started on SIGUSR2 becomes a
 * candidate when it listens. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, const struct task_struct *task) {
    u32 cell = cell_of((u32)task->tgid);
    slot_t slot = slot_in(cell);
    struct record_header *record;

    if (!cell) return 0;
    clear_slot((u32)task->tgid);
    if (!slot) return 0;
    record = reserve_record(sizeof *record);
    if (!record) return 0;
    fill_header(record, RECORD_EXEC, slot, (u32)task->tgid, bpf_ktime_get_ns());
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

/* Runs for each thread; `live` counts those that are left. Two threads that end at once may both see 0: the first
 * one takes the slot away. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, const struct task_struct *task) {
    u32 tgid = (u32)task->tgid;
    u32 cell = cell_of(tgid);
    slot_t slot = slot_in(cell);
    struct process *process;
    struct record_exit *record;

    if (!cell || task->signal->live.counter > 0) return 0;
    clear_slot(tgid);
    if (!slot) return 0;
    process = bpf_map_lookup_elem(&processes, &slot);
    record = reserve_record(sizeof *record);
    if (!record) return 0;
    fill_header(&record->header, RECORD_EXIT, slot, tgid, bpf_ktime_get_ns());
    record->exit_code = (u32)task->exit_code;
    record->role = process ? process->role : ROLE_NONE;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

/* Signals that Gunicorn's master and workers react to, and those that end a process from outside. */
static __always_inline int is_of_interest(s32 signal) {
    const u64 signals = 1ull << 1 | 1ull << 2 | 1ull << 3 | 1ull << 6 | 1ull << 9 | 1ull << 10 | 1ull << 12 |
                        1ull << 15 | 1ull << 21 | 1ull << 22 | 1ull << 28;
    /* HUP INT QUIT ABRT KILL USR1 USR2 TERM TTIN TTOU WINCH */

    return signal > 0 && signal < 64 && (signals >> signal & 1);
}

/* Runs in the sender's context. */
SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generate, int signal, const struct kernel_siginfo *info, const struct task_struct *task, int group,
             int result) {
    struct record_signal *record;
    u32 tgid;
    slot_t slot;

    if (!is_of_interest(signal)) return 0;
    tgid = (u32)task->tgid;
    slot = slot_of(tgid);
    if (!slot) return 0;
    record = reserve_record(sizeof *record);
    if (!record) return 0;
    fill_header(&record->header, RECORD_SIGNAL, slot, tgid, bpf_ktime_get_ns());
    record->signal = signal;
    /* include/linux/sched/signal.h: 0 is "no information, from a user", 1 is "from the kernel". */
    record->code = 0;
    if ((u64)info == 1)
        record->code = 0x80;
    else if (info)
        bpf_probe_read_kernel(&record->code, sizeof record->code, &info->si_code);
    record->result = result;
    record->sender_tgid = bpf_get_current_pid_tgid() >> 32;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

/* The kernel's SIGKILL has been generated just before; here is why. The argument is the victim's pid up to Linux 6.7 and
 * its task from 6.8 on (include/trace/events/oom.h): no pid is as large as a kernel address. Raw, since a typed hook's
 * program could be verified for one of the two only. */
SEC("raw_tp/mark_victim")
int mark_victim(struct bpf_raw_tracepoint_args *context) {
    const u64 highest_pid = 0xffffffff;
    u64 victim = context->args[0];
    u32 tgid = (u32)victim;
    struct record_header *record;
    slot_t slot;

    if (victim > highest_pid) tgid = (u32)BPF_CORE_READ((const struct task_struct *)victim, tgid);
    slot = slot_of(tgid);
    if (!slot) return 0;
    record = reserve_record(sizeof *record);
    if (!record) return 0;
    fill_header(record, RECORD_OOM, slot, tgid, bpf_ktime_get_ns());
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
    return 0;
}

#endif

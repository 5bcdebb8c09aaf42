/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what the threads of observed processes spend their time on, while requests are traced.
 * Hooks: tp_btf/sched_switch, sched_wakeup, sched_process_exit, sys_enter; not loaded otherwise.
 * Minimum kernel 5.10. Cost: two array look-ups for each switch of the host's, one for each wake-up and system call, and a
 * hash look-up where an observed thread is concerned.
 */
#ifndef GUNICORN_BPF_PROGRAMS_SCHED_H
#define GUNICORN_BPF_PROGRAMS_SCHED_H

#include "blocking/block_reason.h"
#include "conn/queue_wait.h"
#include "core/syscall_args.h"

enum { TASK_IS_EXITING = 4 }; /* PF_EXITING */

/* The argument that says so exists since Linux 5.18. Where a wake-up is faster than we are it says "waking": neither
 * runnable nor uninterruptible, and the system call decides. */
static __always_inline u32 state_of(const struct task_struct *task) {
    if (bpf_core_field_exists(task->__state)) return task->__state;
    return (u32)((const struct task_struct___before_5_14 *)task)->state;
}

/* Runs in its context. */
static __always_inline void switch_out(const struct task_struct *task, slot_t slot, int preempted, u64 now_ns) {
    u32 thread = (u32)task->pid;
    u32 state = state_of(task);
    struct thread_clock *clock = bpf_map_lookup_elem(&clocks, &thread);

    if (!clock) return;
    sync_oncpu(clock, task, now_ns);
    update_clock_offset(clock, task, now_ns);
    charge_clock(clock, now_ns);
    clock->doing = preempted || !state ? TIME_RUN_QUEUE : blocks_in(clock, slot, state);
}

static __always_inline void switch_in(const struct task_struct *task, u64 now_ns) {
    struct thread_clock *clock;
    u32 thread = (u32)task->pid;

    if (task->flags & TASK_IS_EXITING) return; /* its clock is gone */
    clock = clock_of(thread);
    if (!clock) return;
    change_clock(clock, TIME_ON_CPU, now_ns);
    clock->oncpu_since_ns = now_ns;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(trace_switch, u64 preempted, const struct task_struct *before, const struct task_struct *next) {
    slot_t leaving = slot_of((u32)before->tgid);
    slot_t coming = slot_of((u32)next->tgid);
    u64 now_ns;

    if (!leaving && !coming) return 0;
    now_ns = bpf_ktime_get_ns();
    if (leaving) switch_out(before, leaving, (int)preempted, now_ns);
    if (coming) switch_in(next, now_ns);
    return 0;
}

static __always_inline void wake(const struct task_struct *task) {
    struct thread_clock *clock;
    u32 thread;

    if (!slot_of((u32)task->tgid)) return;
    thread = (u32)task->pid;
    clock = bpf_map_lookup_elem(&clocks, &thread);
    if (clock) wake_clock(clock, bpf_ktime_get_ns());
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(trace_wakeup, const struct task_struct *task) {
    wake(task);
    return 0;
}

/* A thread that ends. What it began may be ended by others, when its process is gone. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_exit, const struct task_struct *task) {
    u32 thread = (u32)task->pid;
    struct thread_clock *clock = bpf_map_lookup_elem(&clocks, &thread);

    if (!clock) return 0;
    change_clock(clock, TIME_OTHER, bpf_ktime_get_ns());
    clock->ended = 1;
    if (!clock->requests) bpf_map_delete_elem(&clocks, &thread);
    return 0;
}

/* How long the bytes that are asked for have been there. Those that are still to come did not wait for us. */
static __always_inline u64 unread_for(const struct connection *connection, u64 now_ns) {
    u64 from_ns = connection->last_end_ns ? connection->last_end_ns : connection->accepted_ns;
    u64 data_ns = 0;

    if (!from_ns) return 0;
    if (connection->tcp) data_ns = connection->responses ? next_data_at(connection, now_ns) : first_data_at(connection);
    /* A unix socket does not say when its bytes came. */
    if (data_ns == ARRIVAL_NOT_KNOWN || (connection->responses && !data_ns)) return 0;
    if (data_ns > from_ns) from_ns = data_ns;
    return now_ns > from_ns ? now_ns - from_ns : 0;
}

static __always_inline void on_read_enter(struct thread_clock *clock, slot_t slot, s32 fd) {
    struct connection_key key = {.slot = slot, .fd = fd};
    const struct connection *connection = connection_of(&key);

    if (!connection || connection->queued) return;
    clock->read_fd = fd;
    clock->unread_ns = unread_for(connection, bpf_ktime_get_ns());
}

SEC("tp_btf/sys_enter")
int BPF_PROG(trace_enter, const struct pt_regs *regs, u64 number) {
    u64 id = bpf_get_current_pid_tgid();
    slot_t slot = slot_of(id >> 32);
    struct thread_clock *clock;

    if (!slot) return 0;
    clock = clock_of((u32)id);
    if (!clock) return 0;
    if (clock->doing != TIME_ON_CPU) sync_oncpu_current(clock, bpf_ktime_get_ns());
    if (number == __NR_restart_syscall) return 0; /* goes on with the call that a stop interrupted */
    clock->call = number;
    clock->arguments[0] = CALL_ARGUMENT_0(regs);
    clock->arguments[1] = CALL_ARGUMENT_1(regs);
    clock->arguments[2] = CALL_ARGUMENT_2(regs);
    if (clock->call < OPERATIONS && is_read(operations[clock->call]))
        on_read_enter(clock, slot, (s32)clock->arguments[0]);
    return 0;
}

#endif

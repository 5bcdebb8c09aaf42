/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Since when a thread is on its processor, also where no hook saw it: the scheduler keeps that, by a clock of its own
 * (sched_clock()). How far that is behind CLOCK_MONOTONIC is learned from the switches that are seen.
 *
 * A kernel can switch without calling its tracepoint: a 6.18 of a sandbox does when it leaves threads of the sandbox's own.
 * A thread that was preempted by such a one is said to wait for a processor then, while it runs.
 */
#ifndef GUNICORN_BPF_TRACE_SCHEDULER_CLOCK_H
#define GUNICORN_BPF_TRACE_SCHEDULER_CLOCK_H

#include "core/kernel_types.h"
#include "trace/time_accounting.h"

/* 0: not known yet. Written by every processor; their values differ by microseconds. */
static u64 clock_offset_ns;
static u64 offset_updated_ns; /* when; CLOCK_MONOTONIC is slewed by at most 500 ppm, so 50 µs until the next time */

enum { OFFSET_MAX_AGE_NS = 100000000 };

static __always_inline u64 last_arrival(const struct task_struct *task) {
    return bpf_core_field_exists(task->sched_info.last_arrival) ? BPF_CORE_READ(task, sched_info.last_arrival) : 0;
}

/* Since when the running thread is on its processor; 0: not known. */
static __always_inline u64 last_oncpu_ns(const struct task_struct *task) {
    u64 lag_ns = *(volatile u64 *)&clock_offset_ns;
    u64 arrived = last_arrival(task);

    return lag_ns && arrived ? arrived + lag_ns : 0;
}

/* The thread leaves its processor. */
static __always_inline void update_clock_offset(const struct thread_clock *clock, const struct task_struct *task,
                                                u64 now_ns) {
    u64 arrived;

    if (!clock->oncpu_since_ns || (clock_offset_ns && now_ns - offset_updated_ns < OFFSET_MAX_AGE_NS)) return;
    arrived = last_arrival(task);
    if (!arrived) return;
    *(volatile u64 *)&clock_offset_ns = clock->oncpu_since_ns - arrived;
    offset_updated_ns = now_ns;
}

/* The thread is on a processor, whatever its clock says. Where it is not known since when, it is since now. */
static __always_inline void sync_oncpu(struct thread_clock *clock, const struct task_struct *task, u64 now_ns) {
    u64 oncpu_since_ns;

    if (clock->doing == TIME_ON_CPU) return;
    oncpu_since_ns = last_oncpu_ns(task);
    change_clock(clock, TIME_ON_CPU, oncpu_since_ns && oncpu_since_ns < now_ns ? oncpu_since_ns : now_ns);
    clock->oncpu_since_ns = 0;
}

static __always_inline void sync_oncpu_current(struct thread_clock *clock, u64 now_ns) {
    if (clock->doing != TIME_ON_CPU) sync_oncpu(clock, (const struct task_struct *)bpf_get_current_task(), now_ns);
}

#endif

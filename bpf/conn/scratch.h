/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The scratch of a processor: what one system call works on, from sys_exit through all the programs behind it. Up to Linux 6.19 the
 * kernel runs programs on tracepoints without preemption, so that nobody else uses it meanwhile. Nothing here rests on that: who begins
 * to use it claims it, and who goes on with it makes sure that it is still its own. If it is not, nothing that was read from it is
 * used, the loss is counted, and recover_call deals with the connection.
 */
#ifndef GUNICORN_BPF_CONN_SCRATCH_H
#define GUNICORN_BPF_CONN_SCRATCH_H

#include "conn/maps.h"

static __always_inline struct io_ctx *scratch_here(void) {
    u32 zero = 0;

    return bpf_map_lookup_elem(&io_ctxs, &zero);
}

/* The current thread has claimed it, and no other since. */
static __always_inline int is_own(const struct io_ctx *io) {
    return *(const volatile u64 *)&io->owner == bpf_get_current_pid_tgid();
}

static __always_inline struct io_ctx *claim_scratch(void) {
    struct io_ctx *io = scratch_here();

    if (io) *(volatile u64 *)&io->owner = bpf_get_current_pid_tgid();
    return io;
}

/* NULL: another thread has claimed it meanwhile. `index` is 0: functions that the verifier walks once have an argument, and must use
 * it, since the compiler passes anything for one that is not used. */
static __always_inline struct io_ctx *own_scratch_at(u32 index) {
    struct io_ctx *io = bpf_map_lookup_elem(&io_ctxs, &index);

    return io && is_own(io) ? io : NULL;
}

static __always_inline struct io_ctx *own_scratch(void) { return own_scratch_at(0); }

#endif

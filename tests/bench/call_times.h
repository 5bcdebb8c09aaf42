/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the stopwatch's programs and its user space agree on. Valid C and C++. */
#ifndef GUNICORN_BPF_BENCH_CALL_TIMES_H
#define GUNICORN_BPF_BENCH_CALL_TIMES_H

#include "contract.h"

#ifdef __cplusplus
namespace contract {
#endif

enum {
    TIMED_CALLS = 512, /* system call numbers; x86-64 and arm64 have fewer */
    /* What lasts longer than this, in nanoseconds, was interrupted or preempted and says nothing of the programs. */
    LONGEST_TIME_NS = 16384,
};

/* One system call's visits of the hook, as long as they lasted between the first program there and the last. */
struct call_times {
    u64 visits;      /* not longer than LONGEST_TIME_NS */
    u64 sum_ns;      /* of those */
    u64 interrupted; /* the others */
};
CONTRACT_ASSERT(sizeof(struct call_times) == 24, "call_times is shared");

#ifdef __cplusplus
} // namespace contract
#endif

#endif

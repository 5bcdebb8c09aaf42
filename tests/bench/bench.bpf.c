/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the benchmark attaches beside the exporter. Hook: tp_btf/sys_exit, the exporter's own. Minimum kernel 5.10.
 *
 * `empty` is the least that any program on this hook costs. The stopwatch is two programs: whatever is attached
 * after the first and before the second runs between them, since a tracepoint calls its programs in the order in
 * which they were attached. It tells one process's visits from all others', which the kernel's own statistics do not.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "call_times.h"

#include "core/syscall_args.h"

/* The process whose system calls are timed; set before load. */
const volatile unsigned int timed_process = 0;

struct begun {
    u64 thread; /* as bpf_get_current_pid_tgid() has it */
    u64 at_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct begun);
} begun SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, TIMED_CALLS);
    __type(key, u32);
    __type(value, struct call_times);
} times SEC(".maps");

SEC("tp_btf/sys_exit")
int empty(u64 *context) {
    (void)context;
    return 0;
}

SEC("tp_btf/sys_exit")
int stopwatch_begin(u64 *context) {
    (void)context;
    u64 thread = bpf_get_current_pid_tgid();
    u32 zero = 0;
    struct begun *here = bpf_map_lookup_elem(&begun, &zero);

    if (!here || thread >> 32 != timed_process) return 0;
    here->thread = thread;
    here->at_ns = bpf_ktime_get_ns();
    return 0;
}

/* Between two programs of a tracepoint a thread may be preempted and even move to another processor: then the note
 * found here is another thread's, or an old one. */
SEC("tp_btf/sys_exit")
int stopwatch_end(u64 *context) {
    u64 now_ns = bpf_ktime_get_ns();
    u64 thread = bpf_get_current_pid_tgid();
    u32 number = (u32)CALL_NUMBER((const struct pt_regs *)context[0]);
    u32 zero = 0;
    struct call_times *call;
    struct begun *here;

    if (thread >> 32 != timed_process) return 0;
    here = bpf_map_lookup_elem(&begun, &zero);
    call = bpf_map_lookup_elem(&times, &number);
    if (!here || !call || here->thread != thread) return 0;
    here->thread = 0;
    if (now_ns - here->at_ns > LONGEST_TIME_NS) {
        __sync_fetch_and_add(&call->interrupted, 1);
        return 0;
    }
    __sync_fetch_and_add(&call->visits, 1);
    __sync_fetch_and_add(&call->sum_ns, now_ns - here->at_ns);
    return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

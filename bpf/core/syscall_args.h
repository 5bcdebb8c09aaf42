/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A system call's number and arguments, read at its exit. The kernel keeps the argument registers as they were
 * at entry (x86-64: entry_64.S saves them and only ax is overwritten; arm64: x0 is kept in orig_x0).
 */
#ifndef GUNICORN_BPF_CORE_SYSCALL_ARGS_H
#define GUNICORN_BPF_CORE_SYSCALL_ARGS_H

#include "core/kernel_types.h"
#include "core/slots.h"

#if defined(__TARGET_ARCH_x86)
#define CALL_NUMBER(regs) ((regs)->orig_ax)
#define CALL_ARGUMENT_0(regs) ((regs)->di)
#define CALL_ARGUMENT_1(regs) ((regs)->si)
#define CALL_ARGUMENT_2(regs) ((regs)->dx)
#define CALL_ARGUMENT_3(regs) ((regs)->r10)
#elif defined(__TARGET_ARCH_arm64)
#define CALL_NUMBER(regs) ((u64)(regs)->syscallno)
#define CALL_ARGUMENT_0(regs) ((regs)->orig_x0)
#define CALL_ARGUMENT_1(regs) ((regs)->regs[1])
#define CALL_ARGUMENT_2(regs) ((regs)->regs[2])
#define CALL_ARGUMENT_3(regs) ((regs)->regs[3])
#endif

#if defined(__TARGET_ARCH_x86)
enum { COMPAT_STATUS = 2 /* TS_COMPAT, arch/x86/include/asm/thread_info.h */ };
#elif defined(__TARGET_ARCH_arm64)
enum { COMPAT_FLAG = 22 /* TIF_32BIT, arch/arm64/include/asm/thread_info.h */ };
#endif

/* True in a call by the 32-bit entry, whose numbers are those of another table and whose arguments are in other registers. On x86-64
 * a 64-bit program gets there by int 0x80. */
static __always_inline int is_32bit_call(void) {
    const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();

#if defined(__TARGET_ARCH_x86)
    if (HAS_TYPED_TASK) return bpf_get_current_task_btf()->thread_info.status & COMPAT_STATUS;
    return BPF_CORE_READ(task, thread_info.status) & COMPAT_STATUS;
#elif defined(__TARGET_ARCH_arm64)
    return BPF_CORE_READ(task, thread_info.flags) >> COMPAT_FLAG & 1;
#endif
}

#endif

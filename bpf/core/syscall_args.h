/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A system call's number and arguments, read at its exit. The kernel keeps the argument registers as they were
 * at entry (x86-64: entry_64.S saves them and only ax is overwritten; arm64: x0 is kept in orig_x0).
 */
#ifndef GUNICORN_BPF_CORE_SYSCALL_ARGS_H
#define GUNICORN_BPF_CORE_SYSCALL_ARGS_H

#include "core/kernel_types.h"

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

#endif

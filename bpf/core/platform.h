/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How the shared HTTP code reads memory: by helpers in the kernel; directly where the same source is compiled for
 * user space (unit tests, fuzzer), where "the process" is the test itself.
 */
#ifndef GUNICORN_BPF_CORE_PLATFORM_H
#define GUNICORN_BPF_CORE_PLATFORM_H

#include "contract.h"

/* The compiler knows nothing of the value any more. */
static inline __attribute__((always_inline)) u64 anew(u64 value) {
#ifdef __bpf__
    __asm__ volatile("" : "+r"(value));
#endif
    return value;
}

/* `value`, at most `limit`. The barrier keeps the compiler from checking one copy of a value and using another, of
 * which the verifier would know nothing. */
static inline __attribute__((always_inline)) u32 at_most(u32 value, u32 limit) {
#ifdef __bpf__
    __asm__ volatile("" : "+r"(value));
#endif
    return value > limit ? limit : value;
}

#ifdef __bpf__

/* Bytes of the observed process. 0, or an error when they are not there. */
static __always_inline int copy_from_task(void *to, u32 size, u64 address) {
    return bpf_probe_read_user(to, size, (const void *)address) != 0;
}

/* Up to and with a NUL, at most `size` bytes of which the last is one. Bytes copied, or an error. */
static __always_inline long copy_text_from_task(void *to, u32 size, u64 address) {
    return bpf_probe_read_user_str(to, size, (const void *)address);
}

static __always_inline void copy_bytes(void *to, u32 size, const void *from) { bpf_probe_read_kernel(to, size, from); }

#else

#include <string.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

enum { FIRST_MAPPED = 65536 }; /* vm.mmap_min_addr: nothing is below */

static __always_inline int copy_from_task(void *to, u32 size, u64 address) {
    if (address < FIRST_MAPPED) return 1;
    memcpy(to, (const void *)address, size);
    return 0;
}

static __always_inline long copy_text_from_task(void *to, u32 size, u64 address) {
    if (address < FIRST_MAPPED) return -1;
    strncpy((char *)to, (const char *)address, size - 1);
    ((char *)to)[size - 1] = 0;
    return (long)strlen((const char *)to) + 1;
}

static __always_inline void copy_bytes(void *to, u32 size, const void *from) { memcpy(to, from, size); }

#endif

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libbpf's headers and the kernel's helpers are to a BPF program, for one that is compiled for user space.
 * Included before the programs; they are used as they are.
 */
#ifndef TESTS_BPF_FAKE_H
#define TESTS_BPF_FAKE_H

#include <linux/bpf.h>
#include <stdlib.h>

#include "map_fake.h"

/* <bpf/bpf_helpers.h> */
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value)* name

/* <bpf/bpf_tracing.h>: the words of the context become the arguments, up to five. */
#define WORDS_1(ctx) (void*)(ctx)[0]
#define WORDS_2(ctx) WORDS_1(ctx), (void*)(ctx)[1]
#define WORDS_3(ctx) WORDS_2(ctx), (void*)(ctx)[2]
#define WORDS_4(ctx) WORDS_3(ctx), (void*)(ctx)[3]
#define WORDS_5(ctx) WORDS_4(ctx), (void*)(ctx)[4]
#define WORDS_ANY(_1, _2, _3, _4, _5, words, ...) words
#define WORDS_FOR(...) WORDS_ANY(__VA_ARGS__, WORDS_5, WORDS_4, WORDS_3, WORDS_2, WORDS_1, )
#define BPF_PROG(name, ...)                                                                                            \
    name(unsigned long long* ctx);                                                                                     \
    static int body_of_##name(unsigned long long* ctx, __VA_ARGS__);                                                   \
    int name(unsigned long long* ctx) { return body_of_##name(ctx, WORDS_FOR(__VA_ARGS__)(ctx)); }                     \
    static int body_of_##name(unsigned long long* ctx, __VA_ARGS__)

/* <bpf/bpf_core_read.h>: plain pointers. */
#define READ_1(object, field) ((object)->field)
#define READ_2(object, field, next) ((object)->field->next)
#define READ_ANY(_1, _2, _3, name, ...) name
#define BPF_CORE_READ(...) READ_ANY(__VA_ARGS__, READ_2, READ_1, )(__VA_ARGS__)
#define BPF_CORE_READ_BITFIELD_PROBED(object, field) ((object)->field)
#define bpf_core_enum_value_exists(type, value) 1
#define bpf_core_field_exists(field) 1

/* The description of a map is in the type of its pointers, as in a BPF object. */
#define ARRAY_LENGTH_OF(pointer) ((uint32_t)(sizeof *(pointer) / sizeof(int)))
#define SHAPE_OF(m)                                                                                                    \
    ((struct map_shape){.map = (m),                                                                                    \
                        .type = ARRAY_LENGTH_OF((m)->type),                                                            \
                        .max_entries = ARRAY_LENGTH_OF((m)->max_entries),                                              \
                        .key_bytes = sizeof *(m)->key,                                                                 \
                        .value_bytes = sizeof *(m)->value})
#define bpf_map_lookup_elem(m, key_) ((__typeof__((m)->value))map_lookup(SHAPE_OF(m), (key_)))
#define bpf_map_update_elem(m, key_, value_, flags) map_update(SHAPE_OF(m), (key_), (value_), (flags))
#define bpf_map_delete_elem(m, key_) map_delete(SHAPE_OF(m), (key_))
#define bpf_map_pop_elem(m, value_) map_pop((m), (value_), sizeof *(value_))

uint64_t bpf_ktime_get_ns(void);
uint64_t bpf_jiffies64(void);
uint64_t bpf_get_current_pid_tgid(void);
uint64_t bpf_get_current_task(void);
struct task_struct* bpf_get_current_task_btf(void);
void* bpf_ringbuf_reserve(const void* ring, uint64_t size, uint64_t flags);
void bpf_ringbuf_submit(void* record, uint64_t flags);
#define bpf_ringbuf_query(ring, what) 0
void bpf_ringbuf_discard(void* record, uint64_t flags);
int bpf_probe_read_kernel(void* to, uint32_t size, const void* from);

/* A tail call replaces the running program, unless the kernel's limit of them is reached. */
int takes_tail_call(void);
int run_part(uint32_t index, unsigned long long* context);
#define bpf_tail_call(context, programs, index)                                                                        \
    do {                                                                                                               \
        if (takes_tail_call()) return run_part(index, context);                                                        \
    } while (0)

#endif

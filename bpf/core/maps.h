/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps of observed processes. Sizes are placeholders where user space sets them before loading (userspace/probe); all
 * maps are allocated up front, so nothing can fail for want of memory later.
 */
#ifndef GUNICORN_BPF_CORE_MAPS_H
#define GUNICORN_BPF_CORE_MAPS_H

#include "contract.h"

/* pid -> slot. An array of pages, indexed by pid: the question "is this process observed?" is asked at every
 * hooked system call of every process on the host, and an array answers it in a few nanoseconds. One byte pair per
 * pid, stored without read-modify-write, so that kernel and user space may both set entries. */
struct slot_page {
    u16 slots[SLOTS_PER_PAGE];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct slot_page);
} slot_pages SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct process);
} processes SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct worker_totals);
} totals SEC(".maps");

/* Free slots, with their totals zeroed. A queue, so that a slot is reused as late as possible. */
struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 1);
    __uint(value_size, sizeof(slot_t));
} free_slots SEC(".maps");

#endif

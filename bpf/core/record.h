/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Records that leave for user space, and drops that are counted instead. */
#ifndef GUNICORN_BPF_CORE_RECORD_H
#define GUNICORN_BPF_CORE_RECORD_H

#include "contract.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} records SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, DROP_REASONS + RESYNC_REASONS);
    __type(key, u32);
    __type(value, u64);
} drops SEC(".maps");

static __always_inline void count_drops(u32 reason, u64 many) {
    u64 *count = bpf_map_lookup_elem(&drops, &reason);
    if (count) __sync_fetch_and_add(count, many);
}

static __always_inline void count_drop(u32 reason) { count_drops(reason, 1); }

/* Room for a record in the ring, or NULL if there is none, which is counted. `bytes` is a constant where this is inlined, as
 * the verifier demands. */
static __always_inline void *reserve_record(u64 bytes) {
    void *record = bpf_ringbuf_reserve(&records, bytes, 0);

    if (!record) count_drop(DROP_RING_FULL);
    return record;
}

static __always_inline void fill_header(struct record_header *header, u32 kind, slot_t slot, u32 tgid, u64 time_ns) {
    header->kind = kind;
    header->slot = slot;
    header->tgid = tgid;
    header->reserved = 0;
    header->time_ns = time_ns;
}

/* Wakes user space only when the ring is half full; it looks by itself several times a second. */
static __always_inline u64 wake_up_flags(void) {
    return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) * 2 > bpf_ringbuf_query(&records, BPF_RB_RING_SIZE)
               ? BPF_RB_FORCE_WAKEUP
               : BPF_RB_NO_WAKEUP;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every map and constant of the programs. Sizes are placeholders where user space sets them before loading
 * (userspace/probe); all maps are allocated up front, so nothing can fail for want of memory later.
 */
#ifndef GUNICORN_BPF_MAPS_H
#define GUNICORN_BPF_MAPS_H

#include "connection.h"

enum { PORTS_PER_PAGE = 1024 };

/* ---- constants, set before load; of built-in types, since the skeleton repeats them ---- */

const volatile unsigned int candidates = CANDIDATES_ALL;

/* A record for every response, not only for status >= 400. */
const volatile unsigned char record_every_response = 0;

/* Say of each request where its time went: traced.h, scheduling.h. */
const volatile unsigned char trace_requests = 0;

/* What a user may have turned off. */
const volatile unsigned char measure_activity = 1; /* totals.activity */
const volatile unsigned char measure_sizes = 1;    /* totals.first_byte, request_sizes, response_sizes */
const volatile unsigned char measure_waits = 1;    /* totals.waits */

/* What a user may have turned on. */
const volatile unsigned char watch_raises = 0; /* raises, last_raises, afterwards */

/* ---- processes ---- */

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

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct python);
} pythons SEC(".maps");

/* Who had an exception pass one of a framework's functions. */
struct raiser {
    slot_t slot;
    u32 thread;
    u64 outermost_frame;
    u64 context;
};

struct raise {
    u64 at_ns;     /* 0: there was none; RAISE_BEING_WRITTEN */
    u64 in_flight; /* requests of the worker at that moment */
    u64 exception; /* its address */
    u64 answered;  /* a response of status >= 400 came after it */
    u8 name[EXCEPTION_BYTES]; /* empty: not readable */
};

#define RAISE_BEING_WRITTEN (~0ull) /* later than any begin */

/* What is done after an answer raised: its address, and in which context. */
struct afterwards {
    u64 exception;
    u64 context;
    u64 until_ns; /* as long as it is on its way up; 0: there is none */
};

/* The last exception of each execution; a thread, a greenlet or a task that has ended is the first to make room. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct raiser);
    __type(value, struct raise);
} raises SEC(".maps");

/* … and of each process, whoever's it was. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct raise);
} last_raises SEC(".maps");

/* Of each process, the last one. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct afterwards);
} afterwards SEC(".maps");

/* What the interpreter's own probes tell (collector.h, imports.h). By thread: what has begun in it. */
struct begun {
    u64 at_ns;
    u64 detail; /* the generation that is collected; how deep imports are nested */
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1024);
    __type(key, u64);
    __type(value, struct begun);
} collecting SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1024);
    __type(key, u64);
    __type(value, struct begun);
} importing SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct gc_pauses);
} gc_pauses SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct imports);
} imports SEC(".maps");

/* Slots that belong to nobody, their totals zeroed. A queue, so that a slot rests as long as possible. */
struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 1);
    __uint(value_size, sizeof(slot_t));
} free_slots SEC(".maps");

/* Inode of a listening socket -> slot of the process that called listen() last. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, u64);
    __type(value, slot_t);
} listeners SEC(".maps");

/* Since when a worker has a request in flight, by slot: of workers with several threads, where it takes an insertion and
 * a deletion to tell which of two threads begins or ends the stretch. The others have activity.busy_since_ns. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, slot_t);
    __type(value, u64);
} busy_since SEC(".maps");

/* TCP ports that somebody listens on, in any network namespace: a first sieve for what is established. */
struct port_page {
    u8 listening[PORTS_PER_PAGE];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 65536 / PORTS_PER_PAGE);
    __type(key, u32);
    __type(value, struct port_page);
} ports SEC(".maps");

/* struct sock * -> when it was ready to be accepted: a TCP connection, or the client's end of a unix one. What is never
 * accepted is the first to make room. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, u64);
    __type(value, u64);
} arrivals SEC(".maps");

/* ---- connections ---- */

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, struct connection_key);
    __type(value, struct connection);
} connections SEC(".maps");

/* Requests that were read before the one ahead of them was answered. Rare: gevent, tornado and uvicorn serve
 * pipelined requests, the others drop them. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct pipelined_key);
    __type(value, struct request);
} pipelined SEC(".maps");

/* Connections that a thread is about to end. Two threads can come to the same one at once: one that closes it and one
 * that has just been given its number by accept(). Insertion decides who does it. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct connection_key);
    __type(value, u64); /* connection.accepted_ns: which one */
} endings SEC(".maps");

/* ---- scratch, per CPU: the programs cannot be interrupted by one another (tracepoints run with preemption
 * disabled, and no system call returns inside another) ---- */

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct portion);
} portions SEC(".maps");

/* Where a connection is put together before it enters the map: zero but for what is known at its beginning. Too large for the
 * stack. */
enum new_connection { NEW_ACCEPTED = 0, NEW_ADOPTED = 1, NEW_CONNECTIONS = 2 };

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, NEW_CONNECTIONS);
    __type(key, u32);
    __type(value, struct connection);
} new_connection SEC(".maps");

/* ---- what user space hears ---- */

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} records SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, DROP_REASONS);
    __type(key, u32);
    __type(value, u64);
} drops SEC(".maps");

static __always_inline void count_drop(u32 reason) {
    u64 *count = bpf_map_lookup_elem(&drops, &reason);
    if (count) __sync_fetch_and_add(count, 1);
}

/* Wakes user space only when the ring is half full; it looks by itself several times a second. */
static __always_inline u64 wake_up_flags(void) {
    return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) * 2 > bpf_ringbuf_query(&records, BPF_RB_RING_SIZE)
               ? BPF_RB_FORCE_WAKEUP
               : BPF_RB_NO_WAKEUP;
}

#endif

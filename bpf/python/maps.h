/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps of interpreters, and of the exceptions that pass frameworks in them. */
#ifndef GUNICORN_BPF_PYTHON_MAPS_H
#define GUNICORN_BPF_PYTHON_MAPS_H

#include "contract.h"

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

#endif

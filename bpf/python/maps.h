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

/* The execution in which an exception passed one of a framework's functions. */
struct exc_key {
    slot_t slot;
    u32 thread;
    u64 outermost_frame;
    u64 context;
};

struct raise {
    u64 at_ns;                /* 0: there was none; RAISE_BEING_WRITTEN */
    u64 in_flight;            /* requests of the worker at that moment */
    u64 exception;            /* its address */
    u64 answered;             /* a response of status >= 400 came after it */
    u8 name[EXCEPTION_BYTES]; /* empty: not readable */
};

#define RAISE_BEING_WRITTEN (~0ull) /* later than any begin */

/* An exception that a background task raised, after the response. */
struct background_exception {
    u64 exception;
    u64 context;
    u64 until_ns; /* while it propagates; 0: there is none */
};

/* The last exception of each execution. LRU: the end of a thread, a greenlet or a task has no hook here. What the kernel evicts it
 * does not tell. It looks for entries that were not used of late, in parts of the map, so that an entry is safe until half of all places
 * have been taken anew. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 1);
    __type(key, struct exc_key);
    __type(value, struct raise);
} raises SEC(".maps");

/* How many entries `raises` was given, how many it had when the present half began to be taken, and when this one and the half before
 * it began. Of built-in types, since the skeleton repeats them. */
unsigned long long raises_added, raises_before_half;
unsigned long long raise_half_ns[2];

/* The last exception of each process, whichever execution raised it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct raise);
} last_raises SEC(".maps");

/* The last background exception of each process. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct background_exception);
} background_exceptions SEC(".maps");

#endif

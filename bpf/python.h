/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What CPython knows of the current thread, read from the process's memory: the exception that it is handling.
 *
 * At the exit of a system call the thread holds still, and `except` blocks that it is in can be seen from its thread
 * state on. Gunicorn answers from such a block when a WSGI application raised or its own parser refused a request. Nothing
 * is written, nothing is assumed: what cannot be read, or leads nowhere, is no exception. x86-64 only, since elsewhere the
 * kernel does not know what pthread_self() returns.
 */
#ifndef GUNICORN_BPF_PYTHON_H
#define GUNICORN_BPF_PYTHON_H

#include "observed.h"
#include "window.h"

enum {
    MOST_THREADS = 256,    /* of a process that are looked through */
    DEEPEST_HANDLING = 32, /* nested except blocks, coroutines included */
};

/* The Python of the worker's master: a fork has the same. NULL: not known. */
static __always_inline const struct python *python_of(slot_t worker) {
    struct process *process = bpf_map_lookup_elem(&processes, &worker);
    struct python *python;
    slot_t master;

    if (!process) return NULL;
    master = process->parent_slot;
    python = bpf_map_lookup_elem(&pythons, &master);
    return python && python->first_thread_at ? python : NULL;
}

static __always_inline u64 pointer_at(u64 address) {
    u64 pointer = 0;

    if (copy_from_task(&pointer, sizeof pointer, address)) return 0;
    return pointer;
}

static __always_inline u64 current_thread_id(void) {
#if defined(__TARGET_ARCH_x86)
    return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), thread.fsbase);
#else
    return 0;
#endif
}

/* Finds the PyThreadState of the current thread. */
static __always_inline void find_thread(const struct python *python, struct walk *walk) {
    walk->at = pointer_at(python->first_thread_at);
    walk->id = current_thread_id();
    walk->found = 0;
    for (u32 i = 0; i < MOST_THREADS; i++) {
        if (!walk->at || walk->found) continue;
        if (pointer_at(walk->at + python->thread_id) == walk->id)
            walk->found = walk->at;
        else
            walk->at = pointer_at(walk->at + python->thread_next);
    }
}

/* None stands for "no exception" in some versions, NULL in others. */
static __always_inline int names_none(const u8 *name) {
    return *(const u64 *)name == WORD('N', 'o', 'n', 'e', 'T', 'y', 'p', 'e') && !name[8];
}

/* The name of the type of an object, 0 if it has none. */
static __always_inline int name_type(const struct python *python, u64 object, u8 *name) {
    u64 type = pointer_at(object + python->object_type);

    if (!type || copy_text_from_task(name, EXCEPTION_BYTES, pointer_at(type + python->type_name)) <= 1) return 0;
    return !names_none(name);
}

/* Writes the name of the innermost exception that is being handled, else the empty name. All that changes from turn to
 * turn is in map memory, of which the verifier knows nothing: a turn looks like the one before. */
static __always_inline void name_handled_exception(const struct python *python, struct walk *walk, u8 *name) {
    find_thread(python, walk);
    walk->at = walk->found && walk->id ? pointer_at(walk->found + python->thread_handled) : 0;
    walk->found = 0;
    for (u32 i = 0; i < DEEPEST_HANDLING; i++) {
        if (!walk->at || walk->found) continue;
        u64 exception = pointer_at(walk->at + python->handled_exception);
        if (exception && name_type(python, exception, name)) walk->found = 1;
        walk->at = pointer_at(walk->at + python->handled_previous);
    }
    if (!walk->found) name[0] = 0;
}

#endif

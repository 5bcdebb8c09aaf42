/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: exceptions that pass a framework's functions, logged or not.
 * Hook: a uprobe on PyTraceBack_Here of the interpreter (CPython 3.8 to 3.15), which is called once for each Python frame that
 * an exception leaves or is caught in. Loaded and attached only with --python-unlogged, where the instruction is one that the
 * kernel emulates. Minimum kernel 5.10. Cost: docs/internals/cost-of-exceptions.md.
 *
 * A uprobe belongs to the file: it affects every process that uses the same interpreter binary; processes that are not observed
 * leave at the first look-up. The kernel may preempt the program (Linux 5.18 on): nothing per CPU is used here, and nothing is reserved in the ring.
 */
#ifndef GUNICORN_BPF_PROGRAMS_UPROBE_TRACEBACK_H
#define GUNICORN_BPF_PROGRAMS_UPROBE_TRACEBACK_H

#include "core/syscall_args.h"
#include "python/frameworks.h"
#include "python/objects.h"

enum { MAX_PROPAGATION_NS = 100000000 }; /* from where it is raised to the server, other tasks' turns included */

/* Functions of their own, which the verifier walks once each (Linux 5.6): their loops in one program would multiply, as
 * their state is on the stack. They take numbers only. */
__noinline u64 find_frame_site(u32 slot, u64 code) {
    const struct python *python = python_of(slot);

    return python ? frame_site_of(python, code) : SITE_NONE;
}

__noinline u64 current_thread_state(u32 slot) {
    const struct python *python = python_of(slot);
    struct py_scratch scratch = {};

    if (!python) return 0;
    find_thread(python, &scratch);
    return scratch.thread;
}

__noinline u64 outermost_frame_of(u32 slot, u64 thread) {
    const struct python *python = python_of(slot);
    struct py_scratch scratch = {.thread = thread};

    if (!python) return 0;
    find_outermost_frame(python, &scratch);
    return scratch.found;
}

/* The class of the propagating exception, 0 if it does not look like one. Up to 3.11 the value may be what a class is
 * yet to be called with. */
static __always_inline u64 raised_class(const struct python *python, u64 thread, u64 exception) {
    u64 type = python->thread_raised_type == OFFSET_ABSENT ? pointer_at(exception + python->object_type)
                                                           : pointer_at(thread + python->thread_raised_type);

    return is_a(python, type, IS_CLASS) && has_flag(python, type, IS_EXCEPTION_CLASS) ? type : 0;
}

static __always_inline void read_raised_name(const struct python *python, u64 thread, struct raise *raise) {
    u64 type = raised_class(python, thread, raise->exception);

    if (!type || copy_type_name(raise->name, pointer_at(type + python->type_name)) < 0) raise->name[0] = 0;
}

/* A reader that finds RAISE_BEING_WRITTEN, or another moment afterwards, knows that it read a part of this. */
static __always_inline void note_last_raise(slot_t slot, const struct raise *raise) {
    struct raise *last = bpf_map_lookup_elem(&last_raises, &slot);

    if (!last) return;
    *(volatile u64 *)&last->at_ns = RAISE_BEING_WRITTEN;
    last->in_flight = raise->in_flight;
    last->exception = raise->exception;
    copy_bytes(last->name, EXCEPTION_BYTES, raise->name);
    *(volatile u64 *)&last->at_ns = raise->at_ns;
}

/* `raises` has a new entry. Two processors that begin the same half here forget the one before it, which is on the safe side. */
static __always_inline void note_added_raise(u64 now_ns) {
    __sync_fetch_and_add(&raises_added, 1);
    if (raises_added - raises_before_half < raise_places / 2) return;
    raises_before_half = raises_added;
    raise_half_ns[0] = raise_half_ns[1];
    raise_half_ns[1] = now_ns;
}

/* A server that has answered raises the same exception once more, past the outer functions. */
static __always_inline int was_answered(const struct raise *before, u64 exception) {
    return before && before->answered && before->exception == exception;
}

/* What is done after an answer has raised it: it is behind no response, whichever task it passes through. A function that it
 * passes may raise another one in its place. */
static __always_inline int is_background(slot_t slot, const struct raise *raise, u64 context, u64 site) {
    struct background_exception *last = bpf_map_lookup_elem(&background_exceptions, &slot);

    if (!last || !raise->exception) return 0;
    if (site == SITE_BACKGROUND) {
        last->exception = raise->exception;
        last->context = context;
        last->until_ns = raise->at_ns + MAX_PROPAGATION_NS;
        return 1;
    }
    if (last->until_ns < raise->at_ns) return 0;
    if (last->exception != raise->exception && (!context || last->context != context)) return 0;
    if (site == SITE_LAST) last->until_ns = 0;
    return 1;
}

static __always_inline void remember_raise(const struct python *python, slot_t slot, struct worker_totals *total,
                                           u64 site) {
    struct raise raise = {.at_ns = bpf_ktime_get_ns(), .in_flight = total->activity.in_flight};
    struct exc_key exc_key = {.slot = slot, .thread = (u32)bpf_get_current_pid_tgid()};
    u64 thread = current_thread_state(slot);
    const struct raise *before;

    if (thread) {
        exc_key.outermost_frame = outermost_frame_of(slot, thread);
        exc_key.context = pointer_at(thread + python->thread_context);
        raise.exception = pointer_at(thread + python->thread_raised);
        if (is_background(slot, &raise, exc_key.context, site)) return;
        before = bpf_map_lookup_elem(&raises, &exc_key);
        if (site != SITE_INNER && was_answered(before, raise.exception)) return;
        if (!before) note_added_raise(raise.at_ns);
        read_raised_name(python, thread, &raise);
        if (bpf_map_update_elem(&raises, &exc_key, &raise, BPF_ANY)) total->raise_missed_ns = raise.at_ns;
    } else {
        total->raise_missed_ns = raise.at_ns;
    }
    note_last_raise(slot, &raise);
}

SEC("uprobe")
int see_raise(struct pt_regs *context) {
    slot_t slot = slot_of(bpf_get_current_pid_tgid() >> 32);
    const struct python *python;
    struct worker_totals *total;
    u64 frame = CALL_ARGUMENT_0(context);
    u64 site;

    if (!slot) return 0;
    python = python_of(slot);
    total = bpf_map_lookup_elem(&totals, &slot);
    if (!python || !total || !python->raises_since_ns) return 0;
    if (python->object_frame != OFFSET_ABSENT) frame = pointer_at(frame + python->object_frame);
    site = find_frame_site(slot, reference_at(python, frame + python->frame_code));
    if (site != SITE_NONE) remember_raise(python, slot, total, site);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which of the exceptions that passed a framework (programs/uprobe_traceback.h) is behind a response: the last one of the execution that
 * answers, since the request began; or, where an event loop answers for its tasks, the last one of the process, if this
 * request was the only one in flight. Where neither can be said and something was raised, it is untold.
 */
#ifndef GUNICORN_BPF_PYTHON_EXCEPTION_MATCH_H
#define GUNICORN_BPF_PYTHON_EXCEPTION_MATCH_H

#include "conn/responses.h"
#include "python/thread_state.h"

/* An exception was logged since the request began: it may be what ended the response. Not since the response began: an event
 * loop may write later what was there before. */
static __always_inline int was_logged_since_begin(slot_t slot, const struct connection *connection) {
    const struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);

    return total && total->last_logged_ns >= connection->current.first_byte_ns;
}

/* True if the whole request was watched, and nothing was missed meanwhile. */
static __always_inline int was_watched(const struct python *python, slot_t slot, const struct connection *connection) {
    const struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);
    u64 begin = begin_of(connection);

    return total && python->raises_since_ns && python->raises_since_ns <= begin && total->raise_missed_ns < begin;
}

/* What is being handled at this moment is the better evidence, and stays. */
static __always_inline void take_raise(struct connection *connection, const struct raise *raise) {
    if (connection->exception[0]) return;
    copy_bytes(connection->exception, EXCEPTION_BYTES, raise->name);
    connection->by.raised |= connection->exception[0] ? RAISED_EXCEPTION : RAISED_AMBIGUOUS;
}

/* True if the execution that answers has raised something since the request began. */
static __always_inline int take_own_raise(slot_t slot, struct connection *connection) {
    struct exc_key exc_key = {.slot = slot,
                              .thread = connection->by.thread,
                              .outermost_frame = connection->by.outermost_frame,
                              .context = connection->by.context};
    struct raise *own = bpf_map_lookup_elem(&raises, &exc_key);

    if (!own || own->answered || own->at_ns < begin_of(connection)) return 0;
    if (connection->by.is_main_module && !connection->by.context && own->in_flight != 1) return 0;
    own->answered = 1;
    take_raise(connection, own);
    return 1;
}

/* The last raise of the process, whichever of its tasks it was. */
static __always_inline void take_last_raise(slot_t slot, struct connection *connection) {
    struct raise *last = bpf_map_lookup_elem(&last_raises, &slot);
    u64 at_ns, in_flight;

    if (!last) return;
    at_ns = *(volatile u64 *)&last->at_ns;
    in_flight = *(volatile u64 *)&last->in_flight;
    if (at_ns < begin_of(connection)) return;
    if (in_flight == 1) take_raise(connection, last);
    if (in_flight == 1 && at_ns != RAISE_BEING_WRITTEN && *(volatile u64 *)&last->at_ns == at_ns) return;
    if (connection->by.raised & RAISED_EXCEPTION) connection->exception[0] = 0;
    connection->by.raised &= (u16)~RAISED_EXCEPTION;
    connection->by.raised |= RAISED_AMBIGUOUS;
}

/* Another thread than the request's has found its connection closed: gthread's main thread, which is given the same descriptor by
 * accept(). Of the request's thread it knows no frame, by which what that has raised could be looked up. */
static __always_inline void add_exception_of_another(const struct python *python, slot_t slot,
                                                     struct connection *connection) {
    if (!was_watched(python, slot, connection)) return;
    connection->by.raised |= RAISED_PROBE_ACTIVE;
    take_last_raise(slot, connection);
}

static __always_inline void add_raised_exception(const struct python *python, slot_t slot,
                                                 struct connection *connection) {
    if (!was_watched(python, slot, connection)) return;
    connection->by.raised |= RAISED_PROBE_ACTIVE;
    if (!connection->by.outermost_frame) {
        connection->by.raised |= RAISED_AMBIGUOUS;
        return;
    }
    if (take_own_raise(slot, connection)) return;
    if (begin_of(connection) < raise_half_ns[0]) {
        count_drop(DROP_RAISES_FULL); /* it may have been evicted since the request began */
        connection->by.raised |= RAISED_AMBIGUOUS;
        return;
    }
    if (connection->by.is_main_module) take_last_raise(slot, connection);
}

#endif

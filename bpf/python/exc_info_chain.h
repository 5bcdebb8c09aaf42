/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which exception that a thread is handling ends a response or a request. What the server itself handles while it closes,
 * drains or parses is not the request's: gevent.pywsgi closes inside of a BlockingIOError that its own recv() raised.
 */
#ifndef GUNICORN_BPF_PYTHON_EXC_INFO_CHAIN_H
#define GUNICORN_BPF_PYTHON_EXC_INFO_CHAIN_H

#include "python/raise_origin.h"

/* Classes whose exceptions a socket raises: OSError, and those of the standard library that are derived from it. */
static __always_inline u64 is_of_a_socket(const u8 *name) {
    u64 word = *(const u64 *)name;
    u64 first_four = word & 0xffffffff;

    return is_zero(word ^ WORD('O', 'S', 'E', 'r', 'r', 'o', 'r', 0)) |
           is_zero(word ^ WORD('B', 'l', 'o', 'c', 'k', 'i', 'n', 'g')) |
           is_zero(word ^ WORD('I', 'n', 't', 'e', 'r', 'r', 'u', 'p')) |
           is_zero(word ^ WORD('C', 'o', 'n', 'n', 'e', 'c', 't', 'i')) |
           is_zero(word ^ WORD('B', 'r', 'o', 'k', 'e', 'n', 'P', 'i')) |
           is_zero(word ^ WORD('T', 'i', 'm', 'e', 'o', 'u', 't', 'E')) |
           is_zero(word ^ WORD('s', 'o', 'c', 'k', 'e', 't', '.', 't')) |
           is_zero(first_four ^ WORD('s', 's', 'l', '.', 0, 0, 0, 0));
}

/* What to take: behind an error response all but the errors of the client's own socket, since Gunicorn answers what its parser
 * raised; where a response or a request is cut off, nothing that the server raised. */
enum handled { HANDLED_BY_WRITER = 0, HANDLED_AT_END = 1 };

/* True if it is the request's. What is an error of some socket, and may be of the client's, is nobody's. */
static __always_inline u64 is_requests(const u8 *name, u64 origin, u64 at_end) {
    if (origin == ORIGIN_SERVER) return !at_end && !is_of_a_socket(name);
    return origin == ORIGIN_APPLICATION || !at_end || !is_of_a_socket(name);
}

LOOP_STEP look_at_exc_info(u32 turn, const struct walk *walk) {
    const struct python *python = walk->python;
    struct py_scratch *scratch = walk->scratch;
    struct raise_site *site = walk->site;

    (void)turn;
    if (!scratch->at || scratch->found) return BREAK_LOOP;
    u64 exception = pointer_at(scratch->at + python->exc_info_value);
    if (exception && exception != python->ambient_exception && read_type_name(python, exception, site->name)) {
        scratch->origin = ORIGIN_APPLICATION; /* of a layout without tracebacks */
        if (python->exception_traceback)
            scratch->origin = origin_of(walk->slot, pointer_at(exception + python->exception_traceback));
        scratch->found = is_requests(site->name, scratch->origin, walk->which);
        scratch->left |= scratch->origin == ORIGIN_SERVER && !is_of_a_socket(site->name);
    }
    scratch->at = pointer_at(scratch->at + python->exc_info_previous_item);
    return CONTINUE_LOOP;
}

/* Finds the innermost exception that scratch->thread is handling and that is the request's: raise_site.name, scratch->origin. False
 * if there is none. scratch->left: Gunicorn stops for an exception of its own, as SystemExit. A function of its own, which the
 * verifier walks once (Linux 5.6); what changes from turn to turn is in map memory, so that a turn looks like the one before. */
__noinline u64 finds_handled_exception(u32 slot, u64 which) {
    const struct python *python = python_of(slot);
    struct py_scratch *scratch = py_scratch();
    struct raise_site *site = raise_site_here();
    struct walk walk = {.python = python, .scratch = scratch, .site = site, .slot = slot, .which = which};

    if (!python || !scratch || !site) return 0;
    scratch->at = scratch->thread ? pointer_at(scratch->thread + python->thread_exc_info) : 0;
    scratch->found = scratch->origin = scratch->left = 0;
    repeat(MAX_EXC_ITEMS, look_at_exc_info, &walk);
    return scratch->found;
}

/* Writes its name, the empty one if there is none. */
static __always_inline void read_handled_exception(slot_t slot, u8 *name, enum handled which) {
    const struct raise_site *site = raise_site_here();

    name[0] = 0;
    if (finds_handled_exception(slot, which) && site) copy_bytes(name, EXCEPTION_BYTES, site->name);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Finds the request that an ASGI server means when it logs that the application failed. Its message names none, but the traceback
 * leads through the application, which was called with the connection's scope: a dict, whose "raw_path" and "method" are the
 * request's (ASGI specification, HTTP & WebSocket, 2.1). Not its "path", which older Starlettes shorten for what is mounted.
 * Without it nothing ties the record to a response that an event loop writes for its tasks (uvloop does at the end of an
 * iteration).
 */
#ifndef GUNICORN_BPF_PYTHON_ASGI_SCOPE_H
#define GUNICORN_BPF_PYTHON_ASGI_SCOPE_H

#include "core/loop.h"
#include "python/objects.h"

enum {
    MAX_SCOPE_TRACEBACKS = 4, /* tracebacks from the server's own to one of the application */
    MAX_SCOPE_KEYS = 64,      /* of a scope, with what frameworks add; its index has one byte for each up to 128 */
};

/* It is the first argument of a function, the second of a method. */
static __always_inline u64 scope_of(const struct python *python, u64 frame) {
    u64 first = local_of(python, frame, 0);
    u64 second = local_of(python, frame, 1);

    if (is_a(python, second, IS_DICT)) return second;
    return is_a(python, first, IS_DICT) ? first : 0;
}

/* Returns the address at which the indices of a dict end and its entries begin. */
static __always_inline u64 entries_of(const struct python *python, u64 keys) {
    u64 indices = keys + python->keys_indices;
    u8 log2 = 0;

    if (python->keys_log2_index_bytes == OFFSET_ABSENT) return indices + pointer_at(keys + python->keys_size);
    copy_from_task(&log2, sizeof log2, keys + python->keys_log2_index_bytes);
    return indices + (1ull << (log2 & 31));
}

/* Returns true if a string of that many bytes, eight at most, is that word. */
static __always_inline int reads(const struct python *python, u64 string, u64 bytes, u64 word) {
    const u64 mask = ~0ull >> (64 - 8 * bytes);

    return pointer_at(string + python->str_length) == bytes &&
           (pointer_at(string + python->str_ascii_text) & mask) == word;
}

struct scope_walk {
    const struct python *python;
    struct py_scratch *scratch;
    u64 hash_bytes;
};

LOOP_STEP look_at_scope_entry(u32 turn, const struct scope_walk *walk) {
    const struct python *python = walk->python;
    struct py_scratch *scratch = walk->scratch;
    u64 key;

    (void)turn;
    if (!scratch->left) return BREAK_LOOP;
    scratch->left--;
    key = pointer_at(scratch->at + walk->hash_bytes);
    if (reads(python, key, 8, WORD('r', 'a', 'w', '_', 'p', 'a', 't', 'h')))
        scratch->path = pointer_at(scratch->at + walk->hash_bytes + sizeof(u64));
    if (reads(python, key, 6, WORD('m', 'e', 't', 'h', 'o', 'd', 0, 0)))
        scratch->method = pointer_at(scratch->at + walk->hash_bytes + sizeof(u64));
    scratch->at += walk->hash_bytes + 2 * sizeof(u64);
    return CONTINUE_LOOP;
}

/* Finds what is at the two keys of the dict scratch->found: scratch->path and scratch->method, 0 where there is none. Up to 3.10, and in
 * dicts that not only strings are keys of, an entry begins with the hash of its key; the latter is no scope. */
static __always_inline void read_scope(const struct python *python, struct py_scratch *scratch) {
    struct scope_walk walk = {.python = python, .scratch = scratch};
    u64 keys = pointer_at(scratch->found + python->dict_keys);

    scratch->path = scratch->method = 0;
    scratch->left = pointer_at(keys + python->keys_used);
    scratch->at = entries_of(python, keys);
    walk.hash_bytes = python->keys_log2_index_bytes == OFFSET_ABSENT ? sizeof(u64) : 0;
    repeat(MAX_SCOPE_KEYS, look_at_scope_entry, &walk);
}

LOOP_STEP look_for_scope(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at || scratch->found) return BREAK_LOOP;
    scratch->found = scope_of(walk->python, frame_of_traceback(walk->python, scratch->at));
    scratch->at = next_traceback(walk->python, scratch->at);
    return CONTINUE_LOOP;
}

/* Returns true if the request is found through whose application a traceback leads; then scratch->path and scratch->method are as above. A
 * function of its own, which the verifier walks once (Linux 5.6). */
__noinline u64 finds_request(u32 slot, u64 traceback) {
    const struct python *python = python_of(slot);
    struct py_scratch *scratch = py_scratch();
    struct walk walk = {.python = python, .scratch = scratch};

    if (!python || !scratch) return 0;
    scratch->at = traceback;
    scratch->found = 0;
    repeat(MAX_SCOPE_TRACEBACKS, look_for_scope, &walk);
    if (!scratch->found) return 0;
    read_scope(python, scratch);
    return scratch->path != 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What CPython knows of the current thread, read from the process's memory: the exception that it is handling, and where
 * its code was begun.
 *
 * At the exit of a system call the thread holds still, and `except` blocks that it is in can be seen from its thread
 * state on. Gunicorn answers from such a block when a WSGI application raised or its own parser refused a request. Nothing
 * is written, nothing is assumed: what cannot be read, or leads nowhere, is no exception. x86-64 only, since elsewhere the
 * kernel does not know what pthread_self() returns.
 */
#ifndef GUNICORN_BPF_PYTHON_THREAD_STATE_H
#define GUNICORN_BPF_PYTHON_THREAD_STATE_H

#include "conn/scratch.h"
#include "core/loop.h"
#include "core/slots.h"
#include "http/window.h"
#include "python/maps.h"

/* Threads of a process that are looked through. Without bpf_loop() the verifier compares each turn with those before, which takes it
 * sixteen times as long for four times as many. */
#if defined(BPF_LOOP_HELPER) || !defined(__bpf__)
enum { MAX_THREADS = 1024 };
#else
enum { MAX_THREADS = 256 };
#endif

enum {
    MAX_EXC_ITEMS = 32,       /* nested except blocks, coroutines included */
    MAX_FRAMES = 256,         /* frames from the innermost to the outermost */
    MAX_REPLY_FRAMES = 16,    /* from the one that writes to Gunicorn's that replies; six with gevent */
    OWNED_BY_INTERPRETER = 3, /* frame_owner from there on: frames of the interpreter's own, without Python code */
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

/* That of this processor, for programs and functions that are given none; NULL: it is not the thread's own any more. */
static __always_inline struct py_scratch *py_scratch(void) {
    struct io_ctx *io = own_scratch();

    return io ? &io->scratch : NULL;
}

static __always_inline struct raise_site *raise_site_here(void) {
    struct io_ctx *io = own_scratch();

    return io ? &io->site : NULL;
}

/* A walk along a list in the process's memory: what it does not change. */
struct walk {
    const struct python *python;
    struct py_scratch *scratch;
    struct raise_site *site;
    u32 slot;
    u64 which; /* enum handled */
};

LOOP_STEP look_at_thread(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at || scratch->thread || !scratch->id) return BREAK_LOOP;
    if (pointer_at(scratch->at + walk->python->thread_id) == scratch->id)
        scratch->thread = scratch->at;
    else
        scratch->at = pointer_at(scratch->at + walk->python->thread_next);
    return CONTINUE_LOOP;
}

/* Finds the PyThreadState of the current thread: scratch->thread, 0 where there is none. */
static __always_inline void find_thread(const struct python *python, struct py_scratch *scratch) {
    struct walk walk = {.python = python, .scratch = scratch};

    scratch->at = pointer_at(python->first_thread_at);
    scratch->id = current_thread_id();
    scratch->thread = 0;
    repeat(MAX_THREADS, look_at_thread, &walk);
    if (scratch->at && scratch->id && !scratch->thread) count_drop(DROP_PYTHON_WALK);
}

static __always_inline u64 reference_at(const struct python *python, u64 address) {
    return pointer_at(address) & ~(u64)python->reference_tags;
}

/* The innermost frame. */
static __always_inline u64 frame_of(const struct python *python, u64 thread) {
    u64 frame = pointer_at(thread + python->thread_frame);

    if (python->c_frame_frame == OFFSET_ABSENT || !frame) return frame;
    return pointer_at(frame + python->c_frame_frame);
}

static __always_inline int runs_code(const struct python *python, u64 frame) {
    u8 owner = OWNED_BY_INTERPRETER;

    if (python->frame_owner == OFFSET_ABSENT) return 1;
    copy_from_task(&owner, sizeof owner, frame + python->frame_owner);
    return owner < OWNED_BY_INTERPRETER;
}

/* The first eight characters of a function's name. */
static __always_inline u64 name_word(const struct python *python, u64 frame) {
    u64 code = reference_at(python, frame + python->frame_code);
    u64 name = pointer_at(code + python->code_name);

    return pointer_at(name + python->str_ascii_text);
}

/* What began a program: its text, or `python -m`'s function. */
static __always_inline int is_main_module(u64 name) {
    return name == WORD('<', 'm', 'o', 'd', 'u', 'l', 'e', '>') || name == WORD('_', 'r', 'u', 'n', '_', 'm', 'o', 'd');
}

LOOP_STEP look_at_frame(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at) return BREAK_LOOP;
    if (runs_code(walk->python, scratch->at)) scratch->found = scratch->at;
    scratch->at = pointer_at(scratch->at + walk->python->frame_previous);
    return CONTINUE_LOOP;
}

/* Finds the outermost frame of scratch->thread: scratch->found, 0 where it is deeper than we look. Frames of the interpreter's
 * own are passed over: those of greenlets that were begun at the same depth of the C stack have the same address. */
static __always_inline void find_outermost_frame(const struct python *python, struct py_scratch *scratch) {
    struct walk walk = {.python = python, .scratch = scratch};

    scratch->at = frame_of(python, scratch->thread);
    scratch->found = 0;
    repeat(MAX_FRAMES, look_at_frame, &walk);
    if (!scratch->at) return;
    count_drop(DROP_PYTHON_WALK);
    scratch->found = 0;
}

/* What scratch->thread is executing. */
static __always_inline void read_exec_context(const struct python *python, struct py_scratch *scratch,
                                              struct exec_context *execution) {
    execution->thread = (u32)bpf_get_current_pid_tgid();
    execution->outermost_frame = execution->context = 0;
    execution->is_main_module = execution->raised = 0;
    if (!scratch->thread) return;
    execution->context = pointer_at(scratch->thread + python->thread_context);
    find_outermost_frame(python, scratch);
    if (!scratch->found) return;
    execution->outermost_frame = scratch->found;
    execution->is_main_module = is_main_module(name_word(python, scratch->found));
}

/* Finds the thread, and what it is executing: scratch->thread, scratch->by. A function of its own, which the verifier walks once
 * (Linux 5.6). */
__noinline u64 read_execution(u32 slot) {
    const struct python *python = python_of(slot);
    struct py_scratch *scratch = py_scratch();

    if (!python || !scratch) return 0;
    find_thread(python, scratch);
    read_exec_context(python, scratch, &scratch->by);
    return 1;
}

/* None stands for "no exception" in some versions, NULL in others. */
static __always_inline int names_none(const u8 *name) {
    return *(const u64 *)name == WORD('N', 'o', 'n', 'e', 'T', 'y', 'p', 'e') && !name[8];
}

/* 1 if it is 0, without a branch: in a loop each of them would double the verifier's work. */
static __always_inline u64 is_zero(u64 number) { return (~number & (number - 1)) >> 63; }

/* The last bytes of the name of the file that code is from; before the first of a shorter name those of the string's
 * header, which is longer. Without a branch, too. */
struct file_end {
    u64 first;
    u64 second;
    u64 third;
};

static __always_inline struct file_end file_end_of(const struct python *python, u64 code) {
    u64 name = pointer_at(code + python->code_filename);
    u64 end = name + python->str_ascii_text + pointer_at(name + python->str_length);

    return (struct file_end){
        .first = pointer_at(end - 24), .second = pointer_at(end - 16), .third = pointer_at(end - 8)};
}

/* 1 if it is one of Gunicorn's functions that answer what its parser refused: handle_error() in gunicorn/workers/base.py, and
 * _send_error_response() in gunicorn/asgi/protocol.py. They alone decide, whatever the class: each version has its own. */
static __always_inline u64 is_parser_error_function(const struct python *python, u64 frame) {
    u64 code = reference_at(python, frame + python->frame_code);
    u64 name = pointer_at(pointer_at(code + python->code_name) + python->str_ascii_text);
    struct file_end file = file_end_of(python, code);

    return is_zero((name ^ WORD('h', 'a', 'n', 'd', 'l', 'e', '_', 'e')) |
                   (file.first ^ WORD('g', 'u', 'n', 'i', 'c', 'o', 'r', 'n')) |
                   (file.second ^ WORD('/', 'w', 'o', 'r', 'k', 'e', 'r', 's')) |
                   (file.third ^ WORD('/', 'b', 'a', 's', 'e', '.', 'p', 'y'))) |
           is_zero((name ^ WORD('_', 's', 'e', 'n', 'd', '_', 'e', 'r')) |
                   (file.first ^ WORD('u', 'n', 'i', 'c', 'o', 'r', 'n', '/')) |
                   (file.second ^ WORD('a', 's', 'g', 'i', '/', 'p', 'r', 'o')) |
                   (file.third ^ WORD('t', 'o', 'c', 'o', 'l', '.', 'p', 'y')));
}

LOOP_STEP look_for_parser_error(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at || scratch->found) return BREAK_LOOP;
    scratch->found = is_parser_error_function(walk->python, scratch->at);
    scratch->at = pointer_at(scratch->at + walk->python->frame_previous);
    return CONTINUE_LOOP;
}

/* True if scratch->thread writes what one of them says. An application answers 4xx while it is handling an exception, too, and
 * that may be called like one of the parser's. A function of its own, which the verifier walks once (Linux 5.6). */
__noinline u64 is_parser_error_reply(u32 slot, u64 thread) {
    const struct python *python = python_of(slot);
    struct py_scratch *scratch = py_scratch();
    struct walk walk = {.python = python, .scratch = scratch};

    if (!python || !scratch) return 0;
    scratch->at = frame_of(python, thread);
    scratch->found = 0;
    repeat(MAX_REPLY_FRAMES, look_for_parser_error, &walk);
    return scratch->found;
}

/* Copies the name of a type. Of one that is longer than what is kept the last byte is no NUL. Without a branch, since loops call it.
 * Returns the bytes with the NUL, or an error. */
static __always_inline long copy_type_name(u8 *name, u64 at) {
    long bytes = copy_text_from_task(name, EXCEPTION_BYTES, at);

    copy_from_task(name + EXCEPTION_BYTES - 1, (u32)is_zero((u64)bytes ^ EXCEPTION_BYTES), at + EXCEPTION_BYTES - 1);
    return bytes;
}

/* The name of the type of an object, 0 if it has none. */
static __always_inline int read_type_name(const struct python *python, u64 object, u8 *name) {
    u64 type = pointer_at(object + python->object_type);

    if (!type || copy_type_name(name, pointer_at(type + python->type_name)) <= 1) return 0;
    return !names_none(name);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: exceptions that a worker logs. Frameworks catch what an application raises, log it, and answer later; by then
 * nothing is being handled any more.
 *
 * logging.LogRecord.__init__ calls os.getpid() once for each record (CPython 3.8 to 3.15), and the C library asks the
 * kernel each time. At that moment it is the innermost frame, and its arguments say what is logged. Other callers of
 * getpid() are told apart by the function's name, then by the file's. User space gets the record before the response's, and
 * matches the two.
 * Hook: none of its own; sys_exit reaches it by a tail call at the exit of getpid(). Minimum kernel 5.10.
 * Cost: docs/internals/cost-of-exceptions.md.
 */
#ifndef GUNICORN_BPF_PROGRAMS_LOG_RECORD_H
#define GUNICORN_BPF_PROGRAMS_LOG_RECORD_H

#include "conn/tail_calls.h"
#include "python/asgi_scope.h"
#include "python/objects.h"
#include "python/raise_origin.h"

/* Locals of LogRecord.__init__(self, name, level, pathname, lineno, msg, args, exc_info, …). */
enum log_local { LOCAL_NAME = 1, LOCAL_LEVEL = 2, LOCAL_ARGUMENTS = 6, LOCAL_EXCEPTION = 7 };

enum { LEVEL_ERROR = 40, MAX_TRACEBACK = 64 };

/* "logging/__init__.py" is the end of the file's name. */
static __always_inline int is_in_logging(const struct python *python, u64 frame) {
    struct file_end file = file_end_of(python, reference_at(python, frame + python->frame_code));

    return file.first >> 40 == WORD('l', 'o', 'g', 0, 0, 0, 0, 0) &&
           file.second == WORD('g', 'i', 'n', 'g', '/', '_', '_', 'i') &&
           file.third == WORD('n', 'i', 't', '_', '_', '.', 'p', 'y');
}

static __always_inline u32 level_of(const struct python *python, u64 frame) {
    u64 level = local_of(python, frame, LOCAL_LEVEL);
    u32 value = 0;

    if (!level || copy_from_task(&value, sizeof value, level + python->int_digits)) return 0;
    return value;
}

/* The class in exc_info: of a tuple (class, exception, traceback), and not of (None, None, None). */
static __always_inline u64 exception_class(const struct python *python, u64 frame) {
    u64 exc_info = local_of(python, frame, LOCAL_EXCEPTION);
    u64 type;

    if (!is_a(python, exc_info, IS_TUPLE)) return 0;
    type = pointer_at(exc_info + python->tuple_items);
    return is_a(python, type, IS_CLASS) && has_flag(python, type, IS_EXCEPTION_CLASS) ? type : 0;
}

/* "/starlette/background.py" is the end of the name of the file that a frame's code is from. */
static __always_inline u64 is_in_background(const struct python *python, u64 frame) {
    struct file_end file = file_end_of(python, reference_at(python, frame + python->frame_code));

    return is_zero((file.first ^ WORD('/', 's', 't', 'a', 'r', 'l', 'e', 't')) |
                   (file.second ^ WORD('t', 'e', '/', 'b', 'a', 'c', 'k', 'g')) |
                   (file.third ^ WORD('r', 'o', 'u', 'n', 'd', '.', 'p', 'y')));
}

/* The third item of exc_info: (class, exception, traceback). */
static __always_inline u64 traceback_of(const struct python *python, u64 exc_info) {
    return pointer_at(exc_info + python->tuple_items + 2 * sizeof(u64));
}

LOOP_STEP look_for_background_task(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at || scratch->found) return BREAK_LOOP;
    scratch->found = is_in_background(walk->python, frame_of_traceback(walk->python, scratch->at));
    scratch->at = next_traceback(walk->python, scratch->at);
    return CONTINUE_LOOP;
}

/* True if a task that runs after the response raised it: it did not cause any response. */
static __always_inline int is_from_background_task(const struct python *python, struct py_scratch *scratch,
                                                   u64 traceback) {
    struct walk walk = {.python = python, .scratch = scratch};

    scratch->at = traceback;
    scratch->found = 0;
    repeat(MAX_TRACEBACK, look_for_background_task, &walk);
    return scratch->found != 0;
}

/* Another tuple's item behind the last one, is no danger: what is no string is left out. */
static __always_inline void copy_arguments(const struct python *python, u64 tuple, struct record_logged *record) {
    u64 first = 0;
    u64 second = 0;

    if (is_a(python, tuple, IS_TUPLE)) {
        u64 count = pointer_at(tuple + python->sequence_size);

        if (count > 0) first = pointer_at(tuple + python->tuple_items);
        if (count > 1) second = pointer_at(tuple + python->tuple_items + sizeof(u64));
    }
    copy_argument(python, first, record, 0);
    copy_argument(python, second, record, 1);
}

/* The first item of a traceback is of the function that has caught the exception. What an application catches and logs, by whichever
 * logger, it gets over. */
static __always_inline u16 caught_bits(const struct python *python, slot_t slot, u64 traceback) {
    u64 frame = frame_of_traceback(python, traceback);
    u64 kind = kind_of_code(slot, reference_at(python, frame + python->frame_code));

    return kind == FILE_OF_SERVER || kind == FILE_OF_LIBRARY ? RAISED_TO_SERVER : 0;
}

static __always_inline void begin_record(struct record_logged *record, slot_t slot, const struct worker_totals *total,
                                         const struct exec_context *by) {
    fill_header(&record->header, RECORD_LOGGED, slot, bpf_get_current_pid_tgid() >> 32, total->last_logged_ns);
    record->by = *by;
    record->in_flight = total->activity.in_flight;
    record->of_scope = 0;
    record->reserved = 0;
}

/* What is in the record was found by the scratch. */
static __always_inline void submit_if_own(struct record_logged *record) {
    const struct io_ctx *io = scratch_here();

    if (io && is_own(io)) {
        bpf_ringbuf_submit(record, wake_up_flags());
        return;
    }
    count_drop(DROP_PREEMPTED);
    bpf_ringbuf_discard(record, 0);
}

static __always_inline void record_log(const struct python *python, slot_t slot, struct worker_totals *total,
                                       struct py_scratch *scratch, u64 frame, u64 type, const struct exec_context *by) {
    struct record_logged *record = reserve_record(sizeof *record);

    if (!record) return;
    begin_record(record, slot, total, by);
    if (copy_type_name(record->exception, pointer_at(type + python->type_name)) < 0) record->exception[0] = 0;
    copy_string(python, local_of(python, frame, LOCAL_NAME), record->logger, LOGGER_BYTES);
    copy_arguments(python, local_of(python, frame, LOCAL_ARGUMENTS), record);
    if (by->is_main_module && !record->argument_bytes[0] && !record->argument_bytes[1] &&
        finds_request(slot, traceback_of(python, local_of(python, frame, LOCAL_EXCEPTION)))) {
        record->of_scope = 1;
        copy_bytes_argument(python, scratch->path, record, 0);
        copy_argument(python, scratch->method, record, 1);
    }
    submit_if_own(record);
}

SEC("tp_btf/sys_exit")
int read_log_record(u64 *context) {
    slot_t slot = slot_of(bpf_get_current_pid_tgid() >> 32);
    const struct python *python = python_of(slot);
    struct io_ctx *io = claim_scratch();
    struct py_scratch *scratch = io ? &io->scratch : NULL;
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);
    struct exec_context by;
    u64 frame, type, traceback;

    if (!python || !scratch || !total) return 0;
    find_thread(python, scratch);
    if (!scratch->thread) return 0;
    frame = frame_of(python, scratch->thread);
    if (!frame || name_word(python, frame) != WORD('_', '_', 'i', 'n', 'i', 't', '_', '_')) return 0;
    if (!is_in_logging(python, frame) || level_of(python, frame) < LEVEL_ERROR) return 0;
    type = exception_class(python, frame);
    if (!type) return 0;
    read_exec_context(python, scratch, &by);
    /* A thread or a greenlet of its own answers one request at a time: no need to tell its tasks apart. */
    if (by.is_main_module &&
        is_from_background_task(python, scratch, traceback_of(python, local_of(python, frame, LOCAL_EXCEPTION))))
        return 0;
    traceback = traceback_of(python, local_of(python, frame, LOCAL_EXCEPTION));
    by.raised = raised_bits(origin_of(slot, traceback)) | caught_bits(python, slot, traceback);
    total->last_logged_ns = bpf_ktime_get_ns();
    record_log(python, slot, total, scratch, frame, type, &by);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: tracebacks that gevent.pywsgi has printed. It logs nothing of what a request raised and hands it to gevent's hub,
 * which writes it to standard error; after the head of a response nothing else tells of it.
 * Reached by a tail call behind sys_exit, from a write to descriptor 2 that begins with the first line of a traceback.
 */
#ifndef GUNICORN_BPF_PROGRAMS_PRINT_TRACEBACK_H
#define GUNICORN_BPF_PROGRAMS_PRINT_TRACEBACK_H

#include "programs/log_record.h"
#include "python/exc_info_chain.h"

enum { MAX_PRINTING_FRAMES = 16 }; /* from the one that writes to pywsgi's */

/* "_log_error" of gevent/pywsgi.py. */
static __always_inline u64 logs_error_of_pywsgi(const struct python *python, u64 frame) {
    struct file_end file = file_end_of(python, reference_at(python, frame + python->frame_code));

    return is_zero(name_word(python, frame) ^ WORD('_', 'l', 'o', 'g', '_', 'e', 'r', 'r')) &
           ENDS_WITH(&file, "/gevent/pywsgi.py");
}

LOOP_STEP look_for_error_log(u32 turn, const struct walk *walk) {
    struct py_scratch *scratch = walk->scratch;

    (void)turn;
    if (!scratch->at || scratch->found) return BREAK_LOOP;
    scratch->found = logs_error_of_pywsgi(walk->python, scratch->at);
    scratch->at = pointer_at(scratch->at + walk->python->frame_previous);
    return CONTINUE_LOOP;
}

/* gevent.pywsgi logs nothing: its hub prints what a request raised. A function of its own, which the verifier walks once. */
__noinline u64 prints_error_of_request(u32 slot, u64 thread) {
    const struct python *python = python_of(slot);
    struct py_scratch *scratch = py_scratch();
    struct walk walk = {.python = python, .scratch = scratch};

    if (!python || !scratch) return 0;
    scratch->at = frame_of(python, thread);
    scratch->found = 0;
    repeat(MAX_PRINTING_FRAMES, look_for_error_log, &walk);
    return scratch->found;
}

static __always_inline void record_print(slot_t slot, struct worker_totals *total, const struct exec_context *by) {
    static const u8 printer[LOGGER_BYTES] = "gevent.pywsgi";
    const struct raise_site *site = raise_site_here();
    struct record_logged *record;

    if (!site) return;
    record = reserve_record(sizeof *record);
    if (!record) return;
    begin_record(record, slot, total, by);
    copy_bytes(record->exception, EXCEPTION_BYTES, site->name);
    copy_bytes(record->logger, LOGGER_BYTES, printer);
    record->argument_bytes[0] = record->argument_bytes[1] = 0;
    record->argument_kinds[0] = record->argument_kinds[1] = 0;
    submit_if_own(record);
}

/* A traceback begins to be printed. */
SEC("tp_btf/sys_exit")
int read_printed(u64 *context) {
    (void)context;
    slot_t slot = slot_of(bpf_get_current_pid_tgid() >> 32);
    const struct python *python = python_of(slot);
    struct io_ctx *io = claim_scratch();
    struct py_scratch *scratch = io ? &io->scratch : NULL;
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &slot);
    struct exec_context by;

    if (!python || !scratch || !total) return 0;
    find_thread(python, scratch);
    if (!scratch->thread || !prints_error_of_request(slot, scratch->thread)) return 0;
    if (!finds_handled_exception(slot, HANDLED_BY_WRITER)) return 0;
    u16 raised = raised_bits(scratch->origin) | RAISED_TO_SERVER;
    read_exec_context(python, scratch, &by);
    by.raised = raised;
    total->last_logged_ns = bpf_ktime_get_ns();
    record_print(slot, total, &by);
    return 0;
}

#endif

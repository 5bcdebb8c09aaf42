/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Objects of CPython: what kind one is, strings, a frame's local variables, the items of a traceback. */
#ifndef GUNICORN_BPF_PYTHON_OBJECTS_H
#define GUNICORN_BPF_PYTHON_OBJECTS_H

#include "python/thread_state.h"

/* Bits of tp_flags, Include/object.h: the same in 3.8 to 3.15. */
#define IS_TUPLE (1ull << 26)
#define IS_BYTES (1ull << 27)
#define IS_STRING (1ull << 28)
#define IS_DICT (1ull << 29)
#define IS_EXCEPTION_CLASS (1ull << 30)
#define IS_CLASS (1ull << 31)

static __always_inline int has_flag(const struct python *python, u64 type, u64 flag) {
    return type && pointer_at(type + python->type_flags) & flag;
}

static __always_inline int is_a(const struct python *python, u64 object, u64 flag) {
    return object && has_flag(python, pointer_at(object + python->object_type), flag);
}

static __always_inline u64 local_of(const struct python *python, u64 frame, u32 index) {
    return reference_at(python, frame + python->frame_locals + index * sizeof(u64));
}

/* Empty if it is no string, not ASCII, or not to be read. */
static __always_inline void copy_string(const struct python *python, u64 string, u8 *text, u32 size) {
    const u32 is_ascii = 4; /* behind the three bits of the kind and the one of "compact" */
    u32 state = 0;

    text[0] = 0;
    if (!is_a(python, string, IS_STRING)) return;
    if (copy_from_task(&state, sizeof state, string + python->str_state)) return;
    if (!(state >> ((python->str_kind_bit + is_ascii) & 31) & 1)) return;
    if (copy_text_from_task(text, size, string + python->str_ascii_text) < 0) text[0] = 0;
}

/* An argument of a message. A legacy string (not compact, up to 3.11) is left out, as what is none. */
static __always_inline void copy_argument(const struct python *python, u64 string, struct record_logged *record,
                                          u32 index) {
    u32 state = 0;
    u32 kind, bytes;
    u64 length, text;

    record->arguments[index][0] = record->argument_bytes[index] = record->argument_kinds[index] = 0;
    if (!is_a(python, string, IS_STRING)) return;
    if (copy_from_task(&state, sizeof state, string + python->str_state)) return;
    state >>= python->str_kind_bit & 31;
    if (!(state >> 3 & 1)) return;
    kind = state & 7;
    text = string + (state >> 4 & 1 ? python->str_ascii_text : python->str_other_text);
    if (state >> 4 & 1) kind = ARGUMENT_BYTES;
    length = pointer_at(string + python->str_length) * (kind ? kind : 1);
    bytes = length > LOG_ARGUMENT_BYTES ? LOG_ARGUMENT_BYTES : (u32)length;
    bytes = at_most(bytes, LOG_ARGUMENT_BYTES);
    if (copy_from_task(record->arguments[index], bytes, text)) return;
    record->argument_bytes[index] = (u16)bytes;
    record->argument_kinds[index] = (u8)(kind | (length > LOG_ARGUMENT_BYTES ? ARGUMENT_IS_CUT : 0));
}

/* Any bytes of a bytes object. */
static __always_inline void copy_bytes_argument(const struct python *python, u64 object, struct record_logged *record,
                                                u32 index) {
    u64 length;
    u32 bytes;

    record->arguments[index][0] = record->argument_bytes[index] = record->argument_kinds[index] = 0;
    if (!is_a(python, object, IS_BYTES)) return;
    length = pointer_at(object + python->sequence_size);
    bytes = length > LOG_ARGUMENT_BYTES ? LOG_ARGUMENT_BYTES : (u32)length;
    bytes = at_most(bytes, LOG_ARGUMENT_BYTES);
    if (copy_from_task(record->arguments[index], bytes, object + python->bytes_items)) return;
    record->argument_bytes[index] = (u16)bytes;
    record->argument_kinds[index] = length > LOG_ARGUMENT_BYTES ? ARGUMENT_IS_CUT : 0;
}

/* Items of a traceback are behind an object's header, whose last word is the type: the next item, then the frame
 * (CPython 3.8 to 3.15). */
static __always_inline u64 next_traceback(const struct python *python, u64 traceback) {
    return pointer_at(traceback + python->object_type + sizeof(u64));
}

static __always_inline u64 frame_of_traceback(const struct python *python, u64 traceback) {
    u64 frame = pointer_at(traceback + python->object_type + 2 * sizeof(u64));

    return python->object_frame == OFFSET_ABSENT ? frame : pointer_at(frame + python->object_frame);
}

#endif

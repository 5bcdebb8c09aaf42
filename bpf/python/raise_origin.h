/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Who raised an exception, the application or the server, by its traceback: the innermost frame decides whose file is not
 * one of the libraries that both use to send and receive. An error of the client's own socket is raised in a file of
 * Gunicorn's (or of the server that it runs), one of a database's connection in the application's or in a client library.
 *
 * Cost: only where an exception is reported. Each function is verified once by itself (Linux 5.6).
 */
#ifndef GUNICORN_BPF_PYTHON_RAISE_ORIGIN_H
#define GUNICORN_BPF_PYTHON_RAISE_ORIGIN_H

#include "python/objects.h"

enum {
    MAX_TRACEBACK_ITEMS = 256, /* items from the outermost to the innermost */
    MAX_LIBRARY_FRAMES = 12,   /* innermost ones that are looked at: gevent needs eight to wait for a socket */
    KEPT_ITEMS = 16,           /* a power of two, for an index without a branch */
    MAX_CLOSING_FRAMES = 8,    /* from close() to the function of Gunicorn's that calls it */
};

enum file_kind { FILE_OF_APPLICATION = 0, FILE_OF_LIBRARY = 1, FILE_OF_SERVER = 2, FILE_UNREADABLE = 3 };
enum origin { ORIGIN_UNKNOWN = 0, ORIGIN_SERVER = 1, ORIGIN_APPLICATION = 2 };

#define TAIL_BYTES 24 /* of a file's name, in struct file_end */

/* A word of the last TAIL_BYTES of a text, or of the mask of its bytes; "#" stands for any byte. All of it is constant. */
static __always_inline u64 tail_word(const char *text, u32 bytes, u32 word, int as_mask) {
    u64 value = 0;

#pragma unroll
    for (u32 i = 0; i < sizeof value; i++) {
        u32 from_end = TAIL_BYTES - (word * sizeof value + i);

        if (from_end <= bytes && text[bytes - from_end] != '#')
            value |= (as_mask ? 0xffull : (u64)(u8)text[bytes - from_end]) << (8 * i);
    }
    return value;
}

/* 1 if a file's name ends so, without a branch. Each word is looked at anew: else the compiler keeps what it has found out of a name
 * for each of the texts, and the stack is small. */
static __always_inline u64 ends_with(const struct file_end *file, const char *text, u32 bytes) {
    u64 differ = (anew(file->third) & tail_word(text, bytes, 2, 1)) ^ tail_word(text, bytes, 2, 0);

    differ |= (anew(file->second) & tail_word(text, bytes, 1, 1)) ^ tail_word(text, bytes, 1, 0);
    differ |= (anew(file->first) & tail_word(text, bytes, 0, 1)) ^ tail_word(text, bytes, 0, 0);
    return anew(is_zero(differ));
}

#define ENDS_WITH(file, text) ends_with(file, text, sizeof(text) - 1)
#define IN_STANDARD_LIBRARY(file, name)                                                                                \
    (ENDS_WITH(file, "python3.#/" name) | ENDS_WITH(file, "python3.##/" name) | ENDS_WITH(file, "python3.##t/" name))

/* Gunicorn 20.1 to 26, and the servers that its workers run. */
static __always_inline u64 is_of_server(const struct file_end *file) {
    return ENDS_WITH(file, "/gunicorn/util.py") | ENDS_WITH(file, "/gunicorn/sock.py") |
           ENDS_WITH(file, "/gunicorn/glogging.py") | ENDS_WITH(file, "/gunicorn/http/wsgi.py") |
           ENDS_WITH(file, "/gunicorn/http/body.py") | ENDS_WITH(file, "/gunicorn/http/unreader.py") |
           ENDS_WITH(file, "/gunicorn/http/parser.py") | ENDS_WITH(file, "/gunicorn/http/message.py") |
           ENDS_WITH(file, "/gunicorn/workers/base.py") | ENDS_WITH(file, "/gunicorn/workers/sync.py") |
           ENDS_WITH(file, "/workers/base_async.py") | ENDS_WITH(file, "/gunicorn/workers/gthread.py") |
           ENDS_WITH(file, "/gunicorn/workers/ggevent.py") | ENDS_WITH(file, "/workers/geventlet.py") |
           ENDS_WITH(file, "/workers/gtornado.py") | ENDS_WITH(file, "/gunicorn/workers/gasgi.py") |
           ENDS_WITH(file, "/gunicorn/asgi/protocol.py") | ENDS_WITH(file, "/gunicorn/asgi/unreader.py") |
           ENDS_WITH(file, "/gunicorn/asgi/message.py") | ENDS_WITH(file, "/gunicorn/asgi/parser.py") |
           ENDS_WITH(file, "/protocols/http/h11_impl.py") | ENDS_WITH(file, "/http/httptools_impl.py") |
           ENDS_WITH(file, "/http/flow_control.py");
}

/* What moves bytes and schedules tasks for servers and applications alike. */
static __always_inline u64 is_of_library(const struct file_end *file) {
    return IN_STANDARD_LIBRARY(file, "socket.py") | IN_STANDARD_LIBRARY(file, "ssl.py") |
           IN_STANDARD_LIBRARY(file, "selectors.py") | ENDS_WITH(file, "/asyncio/base_events.py") |
           ENDS_WITH(file, "asyncio/selector_events.py") | ENDS_WITH(file, "/asyncio/events.py") |
           ENDS_WITH(file, "/asyncio/streams.py") | ENDS_WITH(file, "/asyncio/tasks.py") |
           ENDS_WITH(file, "/asyncio/futures.py") | ENDS_WITH(file, "/asyncio/locks.py") |
           ENDS_WITH(file, "/asyncio/sslproto.py") | ENDS_WITH(file, "/asyncio/timeouts.py") |
           ENDS_WITH(file, "urrent/futures/thread.py") | ENDS_WITH(file, "current/futures/_base.py") |
           ENDS_WITH(file, "/gevent/_socket3.py") | ENDS_WITH(file, "gevent/_socketcommon.py") |
           ENDS_WITH(file, "gevent/_hub_primitives.py") | ENDS_WITH(file, "gevent/_waiter.py") |
           ENDS_WITH(file, "_greenlet_primitives.py") | ENDS_WITH(file, "/gevent/hub.py") |
           ENDS_WITH(file, "/gevent/_ssl3.py") | ENDS_WITH(file, "/gevent/ssl.py") |
           ENDS_WITH(file, "/gevent/pywsgi.py") | ENDS_WITH(file, "/gevent/server.py") |
           ENDS_WITH(file, "/gevent/baseserver.py") | ENDS_WITH(file, "gevent/greenlet.py") |
           ENDS_WITH(file, "eventlet/greenio/base.py") | ENDS_WITH(file, "eventlet/hubs/__init__.py") |
           ENDS_WITH(file, "/eventlet/hubs/hub.py") | ENDS_WITH(file, "/eventlet/greenthread.py") |
           ENDS_WITH(file, "/eventlet/green/ssl.py") | ENDS_WITH(file, "/tornado/iostream.py") |
           ENDS_WITH(file, "/tornado/http1connection.py") | ENDS_WITH(file, "/tornado/httpserver.py") |
           ENDS_WITH(file, "/tornado/wsgi.py") | ENDS_WITH(file, "/tornado/gen.py") |
           ENDS_WITH(file, "/tornado/ioloop.py") | ENDS_WITH(file, "/tornado/concurrent.py") |
           ENDS_WITH(file, "tornado/platform/asyncio.py");
}

/* Bits of a str's state: see copy_string(). Its text is elsewhere unless it is ASCII. */
static __always_inline u64 is_ascii(const struct python *python, u64 string) {
    u32 state = 0;

    copy_from_task(&state, sizeof state, string + python->str_state);
    return state >> ((python->str_kind_bit + 4) & 31) & 1;
}

/* enum file_kind */
__noinline u64 kind_of_code(u32 slot, u64 code) {
    const struct python *python = python_of(slot);
    struct file_end file;

    if (!python) return FILE_UNREADABLE;
    if (!is_ascii(python, pointer_at(code + python->code_filename))) return FILE_UNREADABLE;
    file = file_end_of(python, code);
    if (is_of_server(&file)) return FILE_OF_SERVER;
    return is_of_library(&file) ? FILE_OF_LIBRARY : FILE_OF_APPLICATION;
}

LOOP_STEP keep_item(u32 turn, const struct walk *walk) {
    struct raise_site *site = walk->site;

    (void)turn;
    if (!site->at) return BREAK_LOOP;
    site->items[site->count & (KEPT_ITEMS - 1)] = site->at;
    site->count++;
    site->at = next_traceback(walk->python, site->at);
    return CONTINUE_LOOP;
}

/* Keeps the innermost items of a traceback, which begins with the outermost. False if there is none, or it is longer than
 * we look. */
static __always_inline int read_traceback(const struct walk *walk, u64 traceback) {
    struct raise_site *site = walk->site;

    site->at = traceback;
    site->count = 0;
    repeat(MAX_TRACEBACK_ITEMS, keep_item, walk);
    if (site->at) count_drop(DROP_PYTHON_WALK);
    return site->count && !site->at;
}

LOOP_STEP look_at_item(u32 turn, const struct walk *walk) {
    struct raise_site *site = walk->site;

    (void)turn;
    if (!site->at || site->kind != FILE_OF_LIBRARY) return BREAK_LOOP;
    site->at--;
    u64 frame = frame_of_traceback(walk->python, site->items[site->at & (KEPT_ITEMS - 1)]);
    site->kind = kind_of_code(walk->slot, reference_at(walk->python, frame + walk->python->frame_code));
    return CONTINUE_LOOP;
}

/* enum origin. Where all frames are a library's, the server called it: the application's would be among them. */
__noinline u64 origin_of(u32 slot, u64 traceback) {
    const struct python *python = python_of(slot);
    struct raise_site *site = raise_site_here();

    struct walk walk = {.python = python, .site = site, .slot = slot};

    if (!python || !site || !read_traceback(&walk, traceback)) return ORIGIN_UNKNOWN;
    site->at = site->count;
    site->kind = FILE_OF_LIBRARY;
    repeat(MAX_LIBRARY_FRAMES, look_at_item, &walk);
    if (site->kind == FILE_OF_APPLICATION) return ORIGIN_APPLICATION;
    if (site->kind == FILE_OF_SERVER || (site->kind == FILE_OF_LIBRARY && !site->at)) return ORIGIN_SERVER;
    return ORIGIN_UNKNOWN;
}

/* 1 if this is one of the functions of servers that close a connection when the request is over, answered or not; or the one that
 * is given its number by accept() before the close by a thread of gthread's pool has been seen here. */
static __always_inline u64 closes_connections(const struct python *python, u64 code) {
    u64 name = pointer_at(pointer_at(code + python->code_name) + python->str_ascii_text);
    struct file_end file = file_end_of(python, code);

    return (is_zero((name & 0xffffffffffffffull) ^ WORD('h', 'a', 'n', 'd', 'l', 'e', 0, 0)) &
            (ENDS_WITH(&file, "/gunicorn/workers/sync.py") | ENDS_WITH(&file, "/workers/base_async.py") |
             ENDS_WITH(&file, "/gevent/pywsgi.py"))) |
           ((is_zero(name ^ WORD('f', 'i', 'n', 'i', 's', 'h', '_', 'r')) |
             is_zero((name & 0xffffffffffffffull) ^ WORD('a', 'c', 'c', 'e', 'p', 't', 0, 0))) &
            ENDS_WITH(&file, "/gunicorn/workers/gthread.py"));
}

/* Who closes a connection. CLOSER_FINAL: one of the functions above, where a request without an answer gets only by an
 * exception. */
enum closer { CLOSER_APPLICATION = 0, CLOSER_SERVER = 1, CLOSER_FINAL = 2 };

LOOP_STEP look_at_closing_frame(u32 turn, const struct walk *walk) {
    struct raise_site *site = walk->site;

    (void)turn;
    if (!site->at || site->count || site->kind == FILE_OF_APPLICATION || site->kind == FILE_UNREADABLE)
        return BREAK_LOOP;
    u64 code = reference_at(walk->python, site->at + walk->python->frame_code);

    site->count = closes_connections(walk->python, code);
    site->kind = runs_code(walk->python, site->at) ? kind_of_code(walk->slot, code) : FILE_OF_LIBRARY;
    site->at = pointer_at(site->at + walk->python->frame_previous);
    return CONTINUE_LOOP;
}

__noinline u64 closer_of(u32 slot, u64 thread) {
    const struct python *python = python_of(slot);
    struct raise_site *site = raise_site_here();
    struct walk walk = {.python = python, .site = site, .slot = slot};

    if (!python || !site || !thread) return CLOSER_APPLICATION;
    site->at = frame_of(python, thread);
    if (!site->at) return CLOSER_APPLICATION;
    site->kind = FILE_OF_LIBRARY;
    site->count = 0;
    repeat(MAX_CLOSING_FRAMES, look_at_closing_frame, &walk);
    if (site->count) return CLOSER_FINAL;
    return site->kind == FILE_OF_APPLICATION || site->kind == FILE_UNREADABLE ? CLOSER_APPLICATION : CLOSER_SERVER;
}

static __always_inline u16 raised_bits(u64 origin) {
    return origin == ORIGIN_APPLICATION ? RAISED_IN_APPLICATION : origin == ORIGIN_SERVER ? RAISED_IN_SERVER : 0;
}

#endif

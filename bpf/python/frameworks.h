/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Recognises the functions of frameworks and servers that an exception passes when a request fails, whatever catches it
 * afterwards, by the first eight characters of their names and the last sixteen of their files'. Everything else that is
 * raised while a request is served (a missing key, a cache that has expired) never comes here.
 */
#ifndef GUNICORN_BPF_PYTHON_FRAMEWORKS_H
#define GUNICORN_BPF_PYTHON_FRAMEWORKS_H

#include "python/thread_state.h"

/* Tells where a function is on the way out. An exception that one request raises passes the inner ones first, those of servers that go on
 * last. What is done after a response (background_exceptions) is inside of all of them. */
enum frame_site { SITE_NONE = 0, SITE_INNER = 1, SITE_OUTER = 2, SITE_LAST = 3, SITE_BACKGROUND = 4 };

struct known_function {
    u64 name;      /* the bytes behind a shorter one's NUL are 0 */
    u64 name_mask; /* of the bytes that are compared */
    u64 file[2];   /* the last sixteen characters, in order; of a shorter one's first word the last bytes only */
    u64 file_mask; /* of its first word */
    u64 site;
};

#define NAME_5 0xffffffffffffull /* and the NUL */
#define NAME_6 0xffffffffffffffull
#define NAME_3 0xffffffffull
#define NAME_8 0xffffffffffffffffull
#define WHOLE NAME_8
#define LAST_FOUR 0xffffffff00000000ull

#define NAME_FULL_DISPATCH WORD('f', 'u', 'l', 'l', '_', 'd', 'i', 's')
#define NAME_DISPATCH WORD('d', 'i', 's', 'p', 'a', 't', 'c', 'h')
#define NAME_GET_RESPONSE WORD('_', 'g', 'e', 't', '_', 'r', 'e', 's')
#define NAME_INNER WORD('i', 'n', 'n', 'e', 'r', 0, 0, 0)
#define NAME_HANDLE WORD('h', 'a', 'n', 'd', 'l', 'e', 0, 0)
#define NAME_APP WORD('a', 'p', 'p', 0, 0, 0, 0, 0)
#define NAME_CALL WORD('_', '_', 'c', 'a', 'l', 'l', '_', '_')
#define NAME_WRAPPED WORD('w', 'r', 'a', 'p', 'p', 'e', 'd', '_')
#define NAME_RUN_ASGI WORD('r', 'u', 'n', '_', 'a', 's', 'g', 'i')
#define NAME_HANDLE_REQUEST WORD('h', 'a', 'n', 'd', 'l', 'e', '_', 'r')
#define NAME_HANDLE_HTTP WORD('_', 'h', 'a', 'n', 'd', 'l', 'e', '_')

#define IN_FLASK {WORD(0, 0, 0, 0, 'f', 'l', 'a', 's'), WORD('k', '/', 'a', 'p', 'p', '.', 'p', 'y')}, LAST_FOUR
#define IN_DJANGO_BASE                                                                                                 \
    {WORD('h', 'a', 'n', 'd', 'l', 'e', 'r', 's'), WORD('/', 'b', 'a', 's', 'e', '.', 'p', 'y')}, WHOLE
#define IN_DJANGO_EXCEPTION                                                                                            \
    {WORD('e', 'r', 's', '/', 'e', 'x', 'c', 'e'), WORD('p', 't', 'i', 'o', 'n', '.', 'p', 'y')}, WHOLE
#define IN_STARLETTE_ROUTING                                                                                           \
    {WORD('l', 'e', 't', 't', 'e', '/', 'r', 'o'), WORD('u', 't', 'i', 'n', 'g', '.', 'p', 'y')}, WHOLE
#define IN_STARLETTE_HANDLER                                                                                           \
    {WORD('p', 't', 'i', 'o', 'n', '_', 'h', 'a'), WORD('n', 'd', 'l', 'e', 'r', '.', 'p', 'y')}, WHOLE
#define IN_STARLETTE_EXCEPTIONS                                                                                        \
    {WORD('r', 'e', '/', 'e', 'x', 'c', 'e', 'p'), WORD('t', 'i', 'o', 'n', 's', '.', 'p', 'y')}, WHOLE
#define IN_STARLETTE_ERRORS                                                                                            \
    {WORD('l', 'e', 'w', 'a', 'r', 'e', '/', 'e'), WORD('r', 'r', 'o', 'r', 's', '.', 'p', 'y')}, WHOLE
#define IN_STARLETTE_BACKGROUND                                                                                        \
    {WORD('t', 'e', '/', 'b', 'a', 'c', 'k', 'g'), WORD('r', 'o', 'u', 'n', 'd', '.', 'p', 'y')}, WHOLE
#define IN_GUNICORN_SYNC                                                                                               \
    {WORD('/', 'w', 'o', 'r', 'k', 'e', 'r', 's'), WORD('/', 's', 'y', 'n', 'c', '.', 'p', 'y')}, WHOLE
#define IN_GUNICORN_GTHREAD                                                                                            \
    {WORD('r', 'k', 'e', 'r', 's', '/', 'g', 't'), WORD('h', 'r', 'e', 'a', 'd', '.', 'p', 'y')}, WHOLE
#define IN_GUNICORN_ASYNC                                                                                              \
    {WORD('r', 's', '/', 'b', 'a', 's', 'e', '_'), WORD('a', 's', 'y', 'n', 'c', '.', 'p', 'y')}, WHOLE
#define IN_GUNICORN_ASGI                                                                                               \
    {WORD('a', 's', 'g', 'i', '/', 'p', 'r', 'o'), WORD('t', 'o', 'c', 'o', 'l', '.', 'p', 'y')}, WHOLE
#define IN_UVICORN_H11                                                                                                 \
    {WORD('h', 't', 't', 'p', '/', 'h', '1', '1'), WORD('_', 'i', 'm', 'p', 'l', '.', 'p', 'y')}, WHOLE
#define IN_UVICORN_HTTPTOOLS                                                                                           \
    {WORD('t', 't', 'p', 't', 'o', 'o', 'l', 's'), WORD('_', 'i', 'm', 'p', 'l', '.', 'p', 'y')}, WHOLE

static const struct known_function known_functions[] = {
    {NAME_FULL_DISPATCH, NAME_8, IN_FLASK, SITE_INNER},
    {NAME_DISPATCH, NAME_8, IN_FLASK, SITE_INNER},
    {NAME_GET_RESPONSE, NAME_8, IN_DJANGO_BASE, SITE_INNER},
    {NAME_INNER, NAME_5, IN_DJANGO_EXCEPTION, SITE_INNER}, /* around each middleware */
    {NAME_HANDLE, NAME_6, IN_STARLETTE_ROUTING, SITE_INNER},
    {NAME_APP, NAME_3, IN_STARLETTE_ROUTING, SITE_INNER},
    {NAME_CALL, NAME_8, IN_STARLETTE_ROUTING, SITE_INNER},
    {NAME_WRAPPED, NAME_8, IN_STARLETTE_HANDLER, SITE_INNER},
    {NAME_CALL, NAME_8, IN_STARLETTE_EXCEPTIONS, SITE_INNER},
    {NAME_CALL, NAME_8, IN_STARLETTE_ERRORS, SITE_OUTER},
    {NAME_CALL, NAME_8, IN_STARLETTE_BACKGROUND, SITE_BACKGROUND},
    {NAME_RUN_ASGI, NAME_8, IN_UVICORN_H11, SITE_LAST},
    {NAME_RUN_ASGI, NAME_8, IN_UVICORN_HTTPTOOLS, SITE_LAST},
    {NAME_HANDLE, NAME_6, IN_GUNICORN_SYNC, SITE_INNER},
    {NAME_HANDLE_REQUEST, NAME_8, IN_GUNICORN_SYNC, SITE_INNER},
    {NAME_HANDLE_REQUEST, NAME_8, IN_GUNICORN_GTHREAD, SITE_INNER},
    {NAME_HANDLE_REQUEST, NAME_8, IN_GUNICORN_ASYNC, SITE_INNER},
    {NAME_HANDLE_HTTP, NAME_8, IN_GUNICORN_ASGI, SITE_LAST},
};

enum { KNOWN_FUNCTIONS = sizeof known_functions / sizeof known_functions[0] };

static __always_inline int has_a_known_name(u64 name) {
    int known = 0;

    for (u32 i = 0; i < KNOWN_FUNCTIONS; i++)
        if ((name & known_functions[i].name_mask) == known_functions[i].name) known = 1;
    return known;
}

/* Returns the site of this code, SITE_NONE if its function is not known. Most exceptions are dismissed by the function's name. */
static __always_inline u64 frame_site_of(const struct python *python, u64 code) {
    u64 name = pointer_at(pointer_at(code + python->code_name) + python->str_ascii_text);
    u64 site = SITE_NONE;
    u64 tail[2] = {};
    u64 file, length;

    if (!has_a_known_name(name)) return SITE_NONE;
    file = pointer_at(code + python->code_filename);
    length = pointer_at(file + python->str_length);
    if (length < sizeof tail || copy_from_task(tail, sizeof tail, file + python->str_ascii_text + length - sizeof tail))
        return SITE_NONE;
    for (u32 i = 0; i < KNOWN_FUNCTIONS; i++) {
        const struct known_function *known = &known_functions[i];

        if ((name & known->name_mask) == known->name && tail[1] == known->file[1] &&
            (tail[0] & known->file_mask) == known->file[0])
            site = known->site;
    }
    return site;
}

#endif

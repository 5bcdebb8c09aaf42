/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The state of one direction of a connection between system calls, and the cursor over the bytes that one system call
 * moved. Shared by the kernel, the unit tests and the fuzzer.
 */
#ifndef GUNICORN_BPF_HTTP_PARSER_STATE_H
#define GUNICORN_BPF_HTTP_PARSER_STATE_H

#include "core/platform.h"

enum {
    /* Bytes read from the process at a time: most heads fit into one. */
    WINDOW_BYTES = 512,
    /* While walking chunks only "1f40;ext\r\n" is of interest, not the data behind it. */
    CHUNK_PEEK_BYTES = 24,
    /* What is kept of an unfinished line: the names of the fields that matter. Of their values nothing is kept. */
    PARTIAL_LINE_BYTES = 64,
    WINDOW_MASK = 1023, /* a bound that the verifier understands */
    WINDOW_SLACK = 64,  /* words may be read beyond the last byte */
/* Turns of the loop in one program run; the caller continues by tail calls, of which the kernel allows 33 for one system
     * call. */
#if defined(__bpf__) && !defined(BPF_LOOP_HELPER)
    STREAM_STEPS = 24, /* all of which the verifier walks */
#else
    STREAM_STEPS = 64,
#endif
    /* What one run of pass_bulk skips of chunks or lines, so that one call may bring 30,000 chunks, or 500 kB of lines. Each
     * batch is a function that the verifier walks on its own, which is why there may be so many turns. */
    BATCH_STEPS = 16,
    BATCHES = 64,
    /* What one run of pass_messages reads: so many turns for each of so many events, which are two for a small request. */
    MESSAGE_STEPS = 16,
    MESSAGE_EVENTS = 256,
    FIRST_SEGMENTS = 6, /* of an io vector: empty ones, those that have to be looked up, and the first bytes */
};

/* A length that is not read any further. */
#define LENGTH_LIMIT (1ull << 58)

enum {
    /* PROXY protocol version 2, section 2.2: 12 bytes of signature, of which the first four are taken for empty lines,
     * version and command, family, length. */
    PROXY_HEADER_BYTES = 12,
    PROXY_LENGTH_AT = 10,
    /* uwsgi: a modifier (0: WSGI), the packet's size, a modifier. */
    UWSGI_HEADER_BYTES = 4,
};

enum direction { FROM_CLIENT = 0, TO_CLIENT = 1 };

enum phase {
    PHASE_IDLE = 0, /* between messages */
    PHASE_LINE,     /* request or status line */
    PHASE_FIELDS,   /* header lines */
    PHASE_LENGTH,   /* inside the value of Content-Length */
    PHASE_CODING,   /* inside the value of Transfer-Encoding */
    PHASE_REST,     /* the rest of a line that does not matter */
    PHASE_VERSION,  /* TO_CLIENT: inside the version of a status line, of which a long one is not kept, or its status */
    PHASE_BODY,     /* `remaining` bytes of body */
    PHASE_CHUNK_SIZE,  /* a chunk's first line */
    PHASE_CHUNK_DATA,  /* `remaining` bytes of chunk and its line end */
    PHASE_TRAILER,     /* lines behind the last chunk */
    PHASE_UNTIL_CLOSE, /* a body without framing */
    PHASE_UNTIL_NEXT, /* TO_CLIENT: a response whose place was lost; it ends before the next message, or with the connection */
    PHASE_SIGNATURE, /* a connection that begins with NUL: PROXY protocol version 2, or uwsgi */
    PHASE_PREAMBLE,  /* `remaining` bytes of a PROXY header */
    PHASE_PACKET,    /* `remaining` bytes of a uwsgi packet: the request's variables */
    PHASE_IGNORED,   /* not HTTP/1, or of no interest any more */
};

enum stream_flag {
    STREAM_CHUNKED = 1 << 0,
    STREAM_LENGTH = 1 << 1,    /* a Content-Length was given */
    STREAM_BAD = 1 << 2,       /* a Content-Length, or a chunk's size, that cannot be understood */
    STREAM_DIGITS = 1 << 3,    /* the number being read has a digit */
    STREAM_EXTENSION = 1 << 4, /* behind the number being read: a chunk extension, white space */
    STREAM_CUT = 1 << 5,       /* the current line is longer than what was kept of it */
    STREAM_HEAD_DONE = 1 << 6, /* the current message's head is complete */
    STREAM_NO_BODY = 1 << 7,   /* the message ends with its head whatever its fields say: HEAD, 101, 204, 304 */
};

enum stream_detail {
    DETAIL_CODING = 1 << 0, /* a Transfer-Encoding was given */
    DETAIL_KNOWN = 1 << 1,  /* `length` is what a Content-Length says */
    DETAIL_UNSURE = 1 << 2, /* of a request: a framing field that some servers follow, some pass over and some refuse */
    DETAIL_WEBSOCKET = 1 << 3, /* of a response: the head has "Upgrade: websocket" */
    DETAIL_DISPUTED = 1 << 4,  /* of a request: some servers take its end for another request, and refuse that */
};

/* Which field's value a folded line (RFC 9112 section 5.2) would go on with. */
enum framing_field { FIELD_OTHER = 0, FIELD_LENGTH = 1, FIELD_CODING = 2 };

enum { VERSION_OPEN = 0xff };
enum { CODING_BYTES = 7 /* of "chunked" */, CODING_COMPLETE = 8 /* … and space behind it */, CODING_OTHER = 9 };

struct stream {
    u64 remaining;
    u64 length;       /* of the body, as the first Content-Length says */
    u64 moved;        /* bytes of all calls, with the present one */
    u16 status;       /* TO_CLIENT: of the current message, 0 while unknown or unreadable */
    u8 phase;         /* enum phase */
    u8 flags;         /* enum stream_flag */
    u8 partial_bytes; /* bytes of `partial_line` in use */
    u8 details;       /* enum stream_detail */
    u8 field;         /* enum framing_field */
    u8 matched; /* PHASE_CODING: bytes of the coding that are "chunked"'s, or CODING_…; PHASE_VERSION: digits of the status, or VERSION_OPEN */
    u8 partial_line[PARTIAL_LINE_BYTES]; /* the beginning of the current line, from earlier calls */
};

/* The bytes that one system call moved, and the window through which it is looked at. */
/* Which response may begin: what else begins like one is none. */
enum asked {
    ASKED = 0,
    ASKED_BY_REST = 1, /* a refusal: no request waits, but the end of the last one may be taken for another */
    UNASKED = 2,       /* none */
};

struct iov_cursor {
    u64 address; /* in the process: the next byte that is not in the window; 0: bytes without an address */
    u64 segment; /* bytes from there that are contiguous */
    u64 bytes;   /* bytes that are not in the window, over all segments */
    u64 vector;  /* in the process: the next struct iovec */
    u32 at;      /* window: the next byte to look at */
    u32 line;    /* window: where the current line begins */
    u32 end;     /* window: behind its last byte */
    u32 found;   /* window: the line's end, while it is being looked at */
    u32 asked;   /* enum asked */
    u32 reserved;
    u8 window[WINDOW_MASK + 1 + WINDOW_SLACK];
};

enum stream_event {
    EVENT_NEED_MORE = 0,  /* everything was consumed */
    EVENT_BUDGET,         /* there is more: call again */
    EVENT_GENERAL,        /* of the steps in http/bulk.h: what comes next is for the general step */
    EVENT_PIPELINED,      /* a request begins behind one that is not answered yet */
    EVENT_RESPONSE_END,   /* a final response is complete */
    EVENT_NOT_HTTP,       /* no status line where one should begin */
    EVENT_STRAY,          /* a response begins, and no request waits for one */
    EVENT_UNREADABLE,     /* the process's bytes could not be read */
    EVENT_NO_ADDRESS,     /* bytes without an address where they would have to be looked at */
    EVENT_CLOSE_FRAME,    /* of a WebSocket: it is being ended */
    EVENT_LINE,           /* a piece of the request's line is in window[line, found): the caller has to keep_line() */
    EVENT_LINE_END,       /* … its last piece, to be kept in the same way */
    EVENT_VERSION,        /* a status line's version is long: the caller has to read_long_version() */
    EVENT_NO_END,         /* where the request ends cannot be told */
    EVENT_CONTINUE = 255, /* no event: next turn */
};

enum line_verdict {
    LINE_KEPT,    /* a request line, or a piece of one */
    LINE_FULL,    /* as LINE_KEPT, and no more pieces of it are wanted */
    LINE_DROPPED, /* not a request: what follows is the next candidate (PROXY protocol version 1) */
    LINE_OPAQUE,  /* what follows is not HTTP/1 */
    LINE_SKIPPED, /* not a request: no more of this call is looked at */
};

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The state of an accepted connection: both directions, the request that is being answered, and the requests that wait
 * behind it. Private to the programs; user space only reads the keys.
 *
 *     accept()                             adopt_connection (open before the exporter started)
 *        |                                       |
 *        v      bytes begin like a request       v
 *      idle <------------------------------- adopted           CONNECTION_IS_ADOPTED: the server's bytes are ignored
 *      |  ^
 *      |  | the response is complete and `queued` is 0 again
 *      v  |
 *    in flight                                                 `queued` >= 1: `current`, and later ones in `pipelined`
 *      |   |
 *      |   |  101 Switching Protocols: another protocol         both directions PHASE_IGNORED; what was counted stays
 *      |   |  TLS, HTTP/2, not HTTP/1                           CONNECTION_SAW_TLS, _HTTP2, _OTHER: nothing more counts
 *      |   |  the place in a stream is not known                CONNECTION_LOST_PLACE, until a later head is found
 *      |   v
 *      | ignored, opaque or lost
 *      |   |
 *      v   v
 *    shutdown(SHUT_WR): an open response ends here; what is read afterwards is drained, not served
 *      |
 *      v
 *    close(), dup2() or a reused descriptor (enum close_reason), or the exit of the process:
 *    finish_connection() ends what is open and counts the connection as an enum connection_kind
 *
 * Within a message each direction has its own enum phase (http/parser_state.h).
 */
#ifndef GUNICORN_BPF_CONN_CONNECTION_H
#define GUNICORN_BPF_CONN_CONNECTION_H

#include "contract_trace.h"
#include "http/parser.h"

enum request_flag {
    REQUEST_LINE_CUT = 1 << 0,  /* longer than REQUEST_LINE_BYTES */
    REQUEST_LINE_DONE = 1 << 1, /* the line's end was read */
    REQUEST_HEAD = 1 << 2,      /* its method is HEAD: the response has no body */
    REQUEST_AHEAD = 1 << 3,     /* read before the previous one was answered */
    REQUEST_UWSGI = 1 << 4,     /* `line` is a uwsgi packet */
    REQUEST_CONNECT = 1 << 5,   /* its method is CONNECT: behind a response that grants it anything may come */
    REQUEST_LOST = 1 << 6,      /* no room was left for its line: of it only the method is known */
};

struct request {
    u64 first_byte_ns;
    u64 begins_at; /* position in its stream */
    u16 line_bytes;
    u8 flags;
    u8 reserved[5];
    u8 line[REQUEST_LINE_BYTES];
};

enum connection_flag {
    CONNECTION_PEER_CLOSED = 1 << 0,     /* the client's end of stream was read */
    CONNECTION_PEER_RESET = 1 << 1,      /* reading or writing failed: the client is gone */
    CONNECTION_SAW_TLS = 1 << 2,         /* began like a TLS record */
    CONNECTION_SAW_HTTP2 = 1 << 3,       /* began with HTTP/2's preface */
    CONNECTION_SAW_OTHER = 1 << 4,       /* not HTTP/1, or dropped: nothing more of it counts */
    CONNECTION_SAW_PROXY = 1 << 5,       /* a PROXY protocol header of version 1 was passed over */
    CONNECTION_SAW_BYTES = 1 << 6,       /* anything was read */
    CONNECTION_IS_ADOPTED = 1 << 7,      /* open before we came; waits for a request's beginning */
    CONNECTION_SAW_UWSGI = 1 << 8,       /* the client is a web server that speaks uwsgi */
    CONNECTION_HELD = 1 << 9,            /* the worker, or a thread of it, serves this connection: enum concurrency */
    CONNECTION_WAS_READ = 1 << 10,       /* the worker has asked for its bytes */
    CONNECTION_IS_TRACED = 1 << 11,      /* the current request's begin has been read off a clock */
    CONNECTION_LOST_PLACE = 1 << 12,     /* in the client's bytes, until the first request after the current answer */
    CONNECTION_ABORT_RECORDED = 1 << 13, /* explain_response has recorded how its request ended */
    CONNECTION_WAIT_NOTED = 1 << 14,     /* the wait of the request that is in the socket is counted, or not known */
};

/* What totals.activity counts of a connection. */
enum counted {
    COUNTED_IN_FLIGHT = 1 << 0,
    COUNTED_SERVED = 1 << 1,
    COUNTED_STREAM = 1 << 2,
    COUNTED_WEBSOCKET = 1 << 3,
    COUNTED_FRAMES = 1 << 4, /* not counted: the frames of the WebSocket are followed, until one of them ends it */
};

/* Requests that were read ahead, by their ordinal modulo PIPELINE_METHODS: what the framing of their responses depends on, of those for
 * whose line no room is left in `pipelined`. */
struct pipelined_methods {
    u64 head[PIPELINE_METHODS / 64];
    u64 connect[PIPELINE_METHODS / 64];
    u8 beginning[8]; /* of the newest one's line */
    u8 beginning_bytes;
    u8 reserved[7];
};

enum connection_mark {
    MARK_BLANK = 1 << 0,  /* an empty line was read behind the last request: some servers answer it */
    MARK_STRAY = 1 << 1,  /* what was sent since the last response, and answers nothing, is counted */
    MARK_TUNNEL = 1 << 2, /* the answer to CONNECT that is being finished opens a tunnel */
};

struct connection {
    u64 file; /* struct file *: tells whether the descriptor still means this connection */
    u64 inode;
    u64 accepted_ns;
    u64 tcp;            /* struct tcp_sock *; 0: another kind of socket, or adopted */
    u64 last_write_ns;  /* exit of the last write that moved bytes */
    u64 last_end_ns;    /* end of the previous response */
    u64 first_write_ns; /* exit of the write that began the present response */
    u64 answered_at;    /* position in the stream to the client: end of the previous response */
    u64 opened_ns;      /* since when it is counted as a stream or a WebSocket */
    u32 queued;         /* requests begun and not answered: the current one and those in `pipelined` */
    u32 next_ahead;     /* ordinal of the oldest in `pipelined` */
    u32 responses;
    u32 writer;        /* the thread that wrote last, in the initial PID namespace */
    u16 flags;         /* enum connection_flag */
    u8 marks;          /* enum connection_mark */
    u8 lost_by;        /* enum resync_reason, with CONNECTION_LOST_PLACE */
    u32 reader;        /* the thread that read last, likewise */
    u32 window;        /* of TCP: the bytes that it could take when it was accepted */
    u32 data_segments; /* of TCP: those that had come when all had been read */
    u8 counted;        /* enum counted */
    u8 ended; /* how a stream ended, or by whom a WebSocket is ended: 1 + enum ended_by or STREAM_COMPLETE; 0: not known */
    u8 reserved[6];
    u32 addresses;            /* of TCP: hash of both ends' addresses and ports */
    u32 first_seq;            /* of TCP: the sequence number of the first byte to the client */
    struct stream streams[2]; /* enum direction */
    struct pipelined_methods methods;
    /* These two belong to the complete response, until it is counted. */
    u8 exception[EXCEPTION_BYTES];
    struct exec_context by;
    struct request current;
};

/* What ends a connection, or what is written to it. */
enum close_reason {
    CLOSE_DESCRIPTOR = 0, /* the descriptor does not mean it any more */
    CLOSE_REUSED = 1,     /* … and was given to a newly accepted one */
    CLOSE_SHUTDOWN = 2,   /* nothing more will be written */
};

/* Scratch memory for reading a Python process. In map memory, of which the verifier knows nothing: a loop looks the same to it
 * in every turn. */
struct py_scratch {
    u64 at;
    u64 found;
    u64 id;     /* pthread_self() of the current thread */
    u64 thread; /* its PyThreadState */
    u64 left;   /* entries of a dict */
    u64 path;   /* what an ASGI scope has as "raw_path" and "method" */
    u64 method;
    u64 origin;             /* of an exception: enum origin */
    struct exec_context by; /* what `thread` is executing */
};

/* Where a look at a traceback has come to. */
struct raise_site {
    u64 at;
    u64 count;                /* of its items */
    u64 kind;                 /* enum file_kind, of the last frame that was looked at */
    u64 items[16];            /* the innermost ones, by their number modulo KEPT_ITEMS */
    u8 name[EXCEPTION_BYTES]; /* of an exception's type */
};

/* A final response's head has been sent and its body has not ended. */
static __always_inline int response_is_open(const struct connection *connection) {
    const struct stream *stream = &connection->streams[TO_CLIENT];

    return stream->flags & STREAM_HEAD_DONE && stream->phase != PHASE_IDLE && stream->phase != PHASE_IGNORED;
}

/* A request was read whose turn it is, and nothing of a final response was sent. */
static __always_inline int is_unanswered(const struct connection *connection) {
    if (!connection->queued || connection->flags & CONNECTION_SAW_OTHER || response_is_open(connection)) return 0;
    if (connection->current.flags & REQUEST_AHEAD) return 0; /* never served */
    return connection->queued > 1 || connection->streams[FROM_CLIENT].flags & STREAM_HEAD_DONE;
}

/* One system call's bytes on their way through the programs. */
struct io_ctx {
    u64 owner; /* thread, as bpf_get_current_pid_tgid() says it: conn/scratch.h */
    struct connection_key key;
    u64 now_ns;
    u64 last_write_ns; /* the connection's, before this call */
    u64 accepted_ns;   /* identity of the connection to close: its descriptor may mean another one by now */
    u8 direction;
    u8 close_reason; /* enum close_reason */
    u8 threads;      /* the process has more than one: another may come to the same end */
    u8 next_prog;    /* enum tail_call: what follows PROG_EXPLAIN_RESPONSE or _ABORT */
    u8 is_begun;     /* stream_bytes has looked at the first bytes */
    u8 bulk_event;   /* how the last step of pass_bulk ended */
    u8 is_claimed;   /* this thread alone ends the connection: it is in closing_conns */
    u8 explained;    /* responses of this call that were explained */
    u8 long_steps;   /* of pass_messages, in a row, in which nothing happened */
    u8 reserved[7];
    struct iov_cursor cursor;
    struct stream bulk; /* a copy of the connection's, while pass_bulk skips chunks or lines */
    struct py_scratch scratch;
    struct raise_site site;
    u8 joined[2 * (REQUEST_LINE_BYTES + WINDOW_BYTES)]; /* pieces of a request line being put together */
};

#endif

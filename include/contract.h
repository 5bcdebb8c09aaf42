/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The contract between the BPF programs (bpf/) and user space (userspace/probe, userspace/event).
 *
 * Valid C and C++. Fixed-width types, explicit padding, no logic. Every number that both sides
 * must agree on lives here once, with its reason. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef GUNICORN_BPF_CONTRACT_H
#define GUNICORN_BPF_CONTRACT_H

#include "contract_limits.h"
#include "contract_totals.h"

#ifdef __cplusplus
namespace contract {
#endif

/* ---- processes ---------------------------------------------------------------------------- */

/* A slot is an index into the maps `processes` and `totals`. It belongs to one process from its birth (or
 * its discovery) until user space releases it, so a reused pid can never reach another's numbers. Slot 0
 * means "not observed". */
typedef u32 slot_t;

/* Processes whose listen() makes a candidate. Value of the constant `candidates`. */
enum candidates {
    CANDIDATES_NONE = 0,
    CANDIDATES_CHILDREN = 1, /* only a master's children: a successor on SIGUSR2 */
    CANDIDATES_ALL = 2,
};

enum {
    SLOTS_PER_PAGE = 2048, /* cells in a value of the map `slot_pages`: 4 KiB */
};

enum role {
    ROLE_NONE = 0,
    ROLE_CANDIDATE = 1, /* called listen(): may turn out to be a master; its forks are tracked provisionally */
    ROLE_MASTER = 2,    /* confirmed by user space */
    ROLE_WORKER = 3,    /* a fork of a master or candidate that has not called execve() */
};

/* What serves a connection in a worker, and for how long: when a worker is busy. */
enum concurrency {
    CONCURRENCY_OF_REQUESTS = 0,  /* an event loop, or not known: as long as a request is in flight */
    CONCURRENCY_OF_PROCESSES = 1, /* sync: the process, from its first read until the connection is closed */
    CONCURRENCY_OF_THREADS =
        2, /* gthread: a thread, from its read until the connection is closed or the main thread watches it */
};

/* Value of the map `processes`. Written by the kernel at fork and exec, by user space at discovery. */
struct process {
    u32 tgid;
    u32 role;           /* enum role */
    slot_t parent_slot; /* the master's; 0 for masters and candidates */
    u32 concurrency; /* enum concurrency, of a master's workers; written by user space when it has recognised their class */
    u64 born_ns;     /* fork, or discovery */
    u64 forked_ns;     /* of a worker: when it forked last; the child has its connections, too; 0: never */
    u32 uses_io_uring; /* of a worker: it, or a child of it, has */
    u32 reserved;
};
CONTRACT_ASSERT(sizeof(struct process) == 40, "process is shared");

/* In a cell of the map `slot_pages`: a process that a worker, or a child of it, has forked. What it does to the worker's connections
 * counts as the worker's; nothing else of it is observed. The rest of the cell is the worker's slot. */
enum { SLOT_OF_CHILD = 0x8000, MAX_SLOT = 0x7fff };

/* Where a master's Python, and that of its forks, keeps what the kernel side reads. Value of the map `pythons`, by the
 * master's slot; offsets in bytes from the beginning of each structure, see userspace/python/layout.h. */
struct python {
    u64 first_thread_at; /* address of the interpreter's pointer to its first thread; 0: not known, nothing is read */
    u16 thread_next;
    u16 thread_id; /* what pthread_self(3) returns */
    u16 thread_exc_info;
    u16 exc_info_value;
    u16 exc_info_previous_item;
    u16 object_type;
    u16 type_name;
    u16 type_flags;
    u16 thread_frame;
    u16 c_frame_frame; /* 3.11 and 3.12; else OFFSET_ABSENT, and thread_frame is the frame itself */
    u16 thread_context;
    u16 frame_previous;
    u16 frame_code;
    u16 frame_locals;
    u16 frame_owner; /* since 3.11; else OFFSET_ABSENT */
    u16 code_filename;
    u16 code_name;
    u16 sequence_size;
    u16 tuple_items;
    u16 int_digits;
    u16 str_length;
    u16 str_state;
    u16 str_ascii_text;
    u16 str_kind_bit;
    u16 reference_tags;     /* the bits of a reference from a frame that are no address: 3 since 3.14, else 0 */
    u16 thread_raised;      /* the propagating exception */
    u16 thread_raised_type; /* its type, up to 3.11; else OFFSET_ABSENT */
    u64 ambient_exception; /* address of one that is handled around Gunicorn itself, and that no request raised; 0: none, or AMBIENT_NOT_KNOWN */
    u64 raises_since_ns; /* since when `see_raise` is attached to this interpreter; 0: it is not */
    u16 object_frame;    /* of a frame object, since 3.11: its frame; else OFFSET_ABSENT, it is the frame itself */
    u16 dict_keys;
    u16 keys_size;             /* up to 3.10; else OFFSET_ABSENT */
    u16 keys_log2_index_bytes; /* since 3.11; else OFFSET_ABSENT */
    u16 keys_used;
    u16 keys_indices;
    u16 bytes_items;
    u16 exception_traceback; /* 0: not known */
    u16 str_other_text;      /* of a compact string that is not ASCII */
    u16 reserved[3];
};
CONTRACT_ASSERT(sizeof(struct python) == 104, "python is shared");

enum { OFFSET_ABSENT = 0xffff };
enum { AMBIENT_NOT_KNOWN = 1 }; /* python.ambient_exception; no object's address */

/* Exceptions that passed a framework since the request began that is answered. */
enum raised {
    RAISED_PROBE_ACTIVE = 1 << 0, /* they were watched for all the time; nothing more: none did */
    RAISED_EXCEPTION = 1 << 1,    /* record_response.exception is the last one that passed, no longer being handled */
    RAISED_AMBIGUOUS = 1 << 2,    /* something passed that may be another request's, or could not be read */
    RAISED_BY_PARSER = 1 << 3, /* of a 4xx: Gunicorn refuses the request itself, and handles its parser's exception */
    RAISED_IN_APPLICATION = 1 << 4, /* the exception named beside it was raised by the application's code */
    RAISED_IN_SERVER = 1 << 5,      /* … by the server's own; with neither it is not known */
    RAISED_AND_CLOSED = 1 << 6,     /* the server closes without an answer where it does so only after an exception */
    RAISED_TO_SERVER = 1 << 7, /* of what is logged: it was caught in the server's code, outside of the application's */
};

/* The execution of Python code at a moment: tells the code of one request from that of another in the same process. */
struct exec_context {
    u32 thread;          /* its id in the initial PID namespace; 0: not read */
    u16 is_main_module;  /* the outermost frame is the program's own: no thread and no greenlet was begun for it */
    u16 raised;          /* enum raised, of the execution that answers */
    u64 outermost_frame; /* address; 0: not found */
    u64 context;         /* address of the contextvars context, which is each asyncio task's own; 0: none */
};
CONTRACT_ASSERT(sizeof(struct exec_context) == 24, "exec_context is shared");

/* ---- reasons for a drop ------------------------------------------------------------------------- */

/* Index into the map `drops`. Each is exported as gunicorn_bpf_exporter_events_lost_total{reason}. */
enum drop_reason {
    DROP_RING_FULL = 0,        /* a record found no room; totals are still right */
    DROP_SLOTS_FULL = 1,       /* a worker was born and no slot was free: not observed */
    DROP_CONNECTIONS_FULL = 2, /* a connection was accepted, or found, and not tracked */
    DROP_PIPELINE_FULL = 3,    /* a pipelined request had no room: its labels are lost, not its count */
    DROP_PARSE_BUDGET = 4,     /* one system call carried more than the bounded parser may walk */
    DROP_UNREADABLE = 5,       /* a buffer of the process could not be read */
    DROP_SYSCALL = 6,          /* a system call on a tracked connection that is not understood */
    DROP_FRAMING = 7,          /* sendfile or similar before the response head was complete */
    DROP_PID_RANGE = 8,        /* a pid beyond the pid_max that the maps were made for */
    DROP_LISTENERS_FULL = 9,   /* a process has more listening sockets than are kept of one */
    DROP_THREADS_FULL = 10,    /* tracing: a thread's time is not kept, its requests have no breakdown */
    DROP_ARRIVALS_FULL = 11,   /* a unix connection's place in its queue was not noted: its wait is missing */
    DROP_PYTHON_WALK = 12,     /* a process has more threads, or a thread more frames, than are looked through */
    DROP_GC_FULL = 13,         /* a garbage collection's begin was not noted: its pause is missing */
    DROP_IMPORTS_FULL = 14,    /* likewise of an import */
    DROP_MESSAGE = 15,         /* the msghdr of recvmsg() or sendmsg() could not be read */
    DROP_32BIT_SYSCALL = 16,   /* an observed process entered the kernel by the 32-bit entry: not read */
    DROP_REQUEST_END = 17, /* a response to a request that was skipped behind one whose end is not known: no labels */
    DROP_PREEMPTED = 18,   /* another thread ran in the middle of a program: the place in a connection is lost */
    DROP_RAISES_FULL = 19, /* an exception may have been forgotten before its response came: its type is not known */
    DROP_FOREIGN_WRITER = 20, /* a request was answered by a process that is no descendant of the worker */
    DROP_IO_URING = 21,       /* … by io_uring, perhaps: the worker uses it */
    DROP_REASONS = 22,
};

/* Why the place in a connection was lost that was found again. Index into the map `drops`, from DROP_REASONS on. Each is exported as
 * gunicorn_bpf_exporter_connections_resynchronized_total{reason}. */
enum resync_reason {
    RESYNC_PARSE_BUDGET = 0,   /* DROP_PARSE_BUDGET */
    RESYNC_REQUEST_END = 1,    /* where a request ended could not be told */
    RESYNC_PIPELINE_FULL = 2,  /* DROP_PIPELINE_FULL: more than PIPELINE_METHODS requests were read ahead */
    RESYNC_PREEMPTED = 3,      /* DROP_PREEMPTED */
    RESYNC_FOREIGN_WRITER = 4, /* DROP_FOREIGN_WRITER */
    RESYNC_IO_URING = 5,       /* DROP_IO_URING */
    RESYNC_REASONS = 6,
    RESYNC_TUNNEL = 0xfe, /* nothing is lost: behind CONNECT anything may come */
};

/* ---- connections ---------------------------------------------------------------------------- */

/* Key of the maps `connections` and `traced`. */
struct connection_key {
    slot_t slot;
    s32 fd; /* and, above the largest descriptor, the bit of an alternative key: bpf/conn/lookup.h */
};
CONTRACT_ASSERT(sizeof(struct connection_key) == 8, "connection_key is shared");

/* Key of the map `pipelined`. */
struct pipelined_key {
    struct connection_key connection;
    u32 ordinal; /* counts the requests of the connection that were read ahead of their turn */
    u32 reserved;
};
CONTRACT_ASSERT(sizeof(struct pipelined_key) == 16, "pipelined_key is shared");

/* Index into the map of programs that run behind sys_exit: it reaches them by tail calls. Each is named as its program. */
enum tail_call {
    PROG_STREAM_BYTES = 0,
    PROG_END_BY_CALL = 1,
    PROG_SHUT_BY_CALL = 2,
    PROG_EXPLAIN_RESPONSE = 3, /* absent when exceptions are not observed, as the next */
    PROG_READ_LOG_RECORD = 4,
    PROG_PASS_BULK = 5,
    PROG_END_LOST_RESPONSE = 6,
    PROG_READ_PRINTED = 7,     /* absent as PROG_READ_LOG_RECORD is */
    PROG_EXPLAIN_ABORT = 8,    /* likewise */
    PROG_FINISH_EXPLAINED = 9, /* likewise */
    PROG_NOTE_LISTENER = 10,
    PROG_READ_FRAMES = 11,
    PROG_PASS_MESSAGES = 12,
    PROG_RECOVER_CALL = 13,
    TAIL_CALLS = 14,
};

/* ---- listeners -------------------------------------------------------------------------------- */

enum { LISTENERS_PER_SLOT = 32 };

/* Value of the map `listeners`, by slot: the listening sockets of one process, by their inodes; 0 is a free place. Each half has
 * one writer, so that none needs a lock. */
struct listener_table {
    u64 inodes[LISTENERS_PER_SLOT]; /* by the process's main thread, when it calls listen() */
    s32 fds[LISTENERS_PER_SLOT];    /* the descriptor of each: it is closed once that means another file */
    u64 found[LISTENERS_PER_SLOT];  /* by user space: what was open when the process was found */
};
CONTRACT_ASSERT(sizeof(struct listener_table) == 20 * LISTENERS_PER_SLOT, "listener_table is shared");

/* Value of the map `arrivals`. */
struct arrival {
    u64 at_ns;
    slot_t owner; /* the master that listens; 0: connect() has not returned */
    u32 reserved;
};
CONTRACT_ASSERT(sizeof(struct arrival) == 16, "arrival is shared");

/* What the iterator `read_backlogs` writes, one for each descriptor that is a listener of an observed process. */
struct listener_state {
    u64 inode;
    slot_t slot; /* of the process that holds it */
    u32 waiting; /* connections that wait for accept() */
    u32 limit;   /* the backlog that listen() was given, at most net.core.somaxconn; the kernel admits one more */
    u32 dropped; /* TCP: connection attempts that the kernel dropped here (sk_drops); wraps at 2^32 */
};
CONTRACT_ASSERT(sizeof(struct listener_state) == 24, "listener_state is shared");

/* ---- mapped files ----------------------------------------------------------------------------- */

/* What the iterator `read_mappings` writes, one for each file that the reading process has mapped. The inode is the
 * one on which uprobes are placed: of a file on overlayfs that of the layer which holds it. */
struct mapped_file {
    u64 start;  /* address of the mapping */
    u64 inode;  /* number, within its device */
    u64 object; /* address of the inode in the kernel: unique as long as something keeps it there, as a uprobe does */
    u32 device; /* as the kernel numbers devices */
    u32 unused;
};
CONTRACT_ASSERT(sizeof(struct mapped_file) == 32, "mapped_file is shared");

/* ---- records ------------------------------------------------------------------------------ */

enum record_kind {
    RECORD_FORK = 1,     /* struct record_fork: a master or candidate forked */
    RECORD_EXEC = 2,     /* struct record_header: an observed process called execve() */
    RECORD_EXIT = 3,     /* struct record_exit: the last thread of an observed process ended */
    RECORD_SIGNAL = 4,   /* struct record_signal: a signal was generated for an observed process */
    RECORD_LISTEN = 5,   /* struct record_listen: a process called listen() */
    RECORD_RESPONSE = 6, /* struct record_response: a response with status >= 400, or any when asked for */
    RECORD_ABORTED = 8,  /* struct record_response, status 0: in flight when its worker ended; any when asked for */
    RECORD_OOM = 7,      /* struct record_header: the out-of-memory killer chose an observed process */
    RECORD_LOGGED = 9,   /* struct record_logged: a worker logged an exception */
    RECORD_TRACED = 10,  /* struct record_traced, in place of RECORD_RESPONSE while requests are traced */
    RECORD_TRACED_ABORTED = 11, /* struct record_traced, in place of RECORD_ABORTED; with any ended_by */
};

struct record_header {
    u32 kind; /* enum record_kind */
    slot_t slot;
    u32 tgid;
    u32 reserved;
    u64 time_ns;
};
CONTRACT_ASSERT(sizeof(struct record_header) == 24, "record_header is shared");

struct record_fork { /* header: the child */
    struct record_header header;
    slot_t parent_slot;
    u32 parent_tgid;
};
CONTRACT_ASSERT(sizeof(struct record_fork) == 32, "record_fork is shared");

struct record_exit {
    struct record_header header;
    u32 exit_code; /* as wait(2) has it: status << 8 | signal, 0x80 for a core dump */
    u32 role;      /* enum role at the end */
};
CONTRACT_ASSERT(sizeof(struct record_exit) == 32, "record_exit is shared");

struct record_signal { /* header: the process the signal is for */
    struct record_header header;
    s32 signal;
    s32 code;   /* si_code: 0 kill(2), -6 tgkill(2), 0x80 kernel */
    s32 result; /* 0 delivered, 1 ignored, 2 already pending, … (TRACE_SIGNAL_*) */
    u32 sender_tgid;
};
CONTRACT_ASSERT(sizeof(struct record_signal) == 40, "record_signal is shared");

struct record_listen {
    struct record_header header;
    u64 socket_inode;
};
CONTRACT_ASSERT(sizeof(struct record_listen) == 32, "record_listen is shared");

enum response_flag {
    RESPONSE_LINE_CUT = 1 << 0,   /* request_line holds the first REQUEST_LINE_BYTES only */
    RESPONSE_NO_REQUEST = 1 << 1, /* no request line was read before the response */
    RESPONSE_LINE_OPEN = 1 << 2,  /* the response came before the request line was complete */
    RESPONSE_INCOMPLETE = 1 << 3, /* ended before its framing said so; see ended_by */
    RESPONSE_UWSGI = 1 << 4,      /* request_line is a uwsgi packet: the request's variables */
    RESPONSE_LINE_LOST = 1 << 5,  /* there was a request, and what it was is not known */
    RESPONSE_PROXY_LINE =
        1 << 6, /* the connection began with a line of the PROXY protocol, version 1, which is in no request_line */
};

struct record_response {
    struct record_header header;
    u64 duration_ns;
    u16 status; /* STATUS_FIRST … STATUS_LAST, or 0 when unreadable */
    u16 line_bytes;
    u8 flags;    /* enum response_flag */
    u8 ended_by; /* enum ended_by; valid with RESPONSE_INCOMPLETE */
    u8 reserved[2];
    u64 polled_ns; /* since when the worker's event loop has not looked for events; 0: always */
    /* The execution that completed a response of status >= 400, or ended one before its end after an exception was logged. */
    struct exec_context by;
    /* Type of the exception that it was handling then, as tp_name has it, NUL-terminated; empty: none, or it could not be
     * read. */
    u8 exception[EXCEPTION_BYTES];
    u8 request_line[REQUEST_LINE_BYTES]; /* without the line's end */
};
CONTRACT_ASSERT(sizeof(struct record_response) == 72 + EXCEPTION_BYTES + REQUEST_LINE_BYTES,
                "record_response is shared");

/* How the characters of an argument are stored; those of a string are as wide as its widest needs (PEP 393). */
enum argument_kind {
    ARGUMENT_BYTES = 0, /* ASCII, or any bytes */
    ARGUMENT_LATIN_1 = 1,
    ARGUMENT_UCS_2 = 2, /* in the machine's order, as UCS_4 */
    ARGUMENT_UCS_4 = 4,
    ARGUMENT_IS_CUT = 1 << 7, /* added to one of them */
};

/* A record of Python's logging module, of level ERROR or above and with an exception. Texts end with NUL and are cut where
 * they are too long; empty: not a string, not ASCII, or not readable. */
struct record_logged {
    struct record_header header;
    struct exec_context by;
    u64 in_flight; /* requests of the worker at that moment */
    u8 of_scope;   /* 1: the message has none, and `arguments` are an ASGI scope's raw_path and method */
    u8 argument_kinds[LOG_ARGUMENTS]; /* enum argument_kind */
    u8 reserved;
    u16 argument_bytes[LOG_ARGUMENTS]; /* that are kept; 0: not a string, or not readable */
    u8 exception[EXCEPTION_BYTES];
    u8 logger[LOGGER_BYTES];
    u8 arguments[LOG_ARGUMENTS][LOG_ARGUMENT_BYTES]; /* of the message, the first ones */
};
CONTRACT_ASSERT(sizeof(struct record_logged) ==
                    64 + EXCEPTION_BYTES + LOGGER_BYTES + LOG_ARGUMENTS * LOG_ARGUMENT_BYTES,
                "record_logged is shared");

#ifdef __cplusplus
} // namespace contract
#endif

#endif

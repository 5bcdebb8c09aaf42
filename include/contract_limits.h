/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The contract's types and limits: part of contract.h, which is what to include. */
#ifndef GUNICORN_BPF_CONTRACT_LIMITS_H
#define GUNICORN_BPF_CONTRACT_LIMITS_H

#ifdef __cplusplus
#include <cstdint>
namespace contract {
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s32 = std::int32_t;
#define CONTRACT_ASSERT(expression, text) static_assert(expression, text)
#else
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
#define CONTRACT_ASSERT(expression, text) _Static_assert(expression, text)
#endif

enum {
    /* Finite upper bounds of gunicorn_worker_request_duration_seconds; +Inf is one more bucket. */
    DURATION_BOUNDS = 14,
    DURATION_BUCKETS = DURATION_BOUNDS + 1,

    /* RFC 9110 section 15: a status code has three digits, and 1xx is the lowest class. Applications do
     * send 6xx to 9xx, so those are counted too; anything else is STATUS_UNREADABLE. */
    STATUS_FIRST = 100,
    STATUS_LAST = 999,
    STATUS_UNREADABLE = STATUS_LAST - STATUS_FIRST + 1, /* an index, the last one */
    STATUS_SLOTS = STATUS_UNREADABLE + 1,

    /* Bytes kept of a request line ("GET /path HTTP/1.1"). Longer ones are cut and flagged: Gunicorn's own
     * limit is 4,094, but a path of more than 400 bytes is no endpoint that anyone charts. */
    REQUEST_LINE_BYTES = 448,

    /* Bytes kept of an exception type's name, with the NUL. One that is longer has another byte in the NUL's place. */
    EXCEPTION_BYTES = 64,

    /* Bytes kept of a logger's name and of an argument of its message, with the NUL; how many arguments: Django's (reason,
     * path), Flask's (path, method), Gunicorn's (target). */
    LOGGER_BYTES = 64,
    LOG_ARGUMENT_BYTES = 2 * 448, /* a path of a whole request line, in characters of two bytes */
    LOG_ARGUMENTS = 2,

    /* Finite upper bounds of the size histograms; +Inf is one more bucket. */
    SIZE_BOUNDS = 7,
    SIZE_BUCKETS = SIZE_BOUNDS + 1,

    /* Generations of CPython's garbage collector, and finite upper bounds of how long it stops its thread. */
    GC_GENERATIONS = 3,
    PAUSE_BOUNDS = 9,
    PAUSE_BUCKETS = PAUSE_BOUNDS + 1,

    /* Finite upper bounds of how long streams and WebSockets live. */
    LIFETIME_BOUNDS = 9,
    LIFETIME_BUCKETS = LIFETIME_BOUNDS + 1,

    /* A connection's requests that were read ahead of their turn (HTTP pipelining), of which the lines are kept. */
    PIPELINE_DEPTH = 32,

    /* … of which at least the methods are kept, on which the responses' framing depends. A power of two. */
    PIPELINE_METHODS = 512,
};

/* Upper bounds in nanoseconds, inclusive (a Prometheus "le"), in ascending order. */
#define DURATION_BOUNDS_NS                                                                                             \
    {5000000ull,   10000000ull,  25000000ull,   50000000ull,   75000000ull,   100000000ull,  250000000ull,             \
     500000000ull, 750000000ull, 1000000000ull, 2500000000ull, 5000000000ull, 7500000000ull, 10000000000ull}

/* Upper bounds in bytes, inclusive, in ascending order. */
#define SIZE_BOUNDS_BYTES {1024ull, 4096ull, 16384ull, 65536ull, 262144ull, 1048576ull, 4194304ull}

#define PAUSE_BOUNDS_NS                                                                                                \
    {100000ull, 500000ull, 1000000ull, 5000000ull, 10000000ull, 50000000ull, 100000000ull, 500000000ull, 1000000000ull}

#define LIFETIME_BOUNDS_NS                                                                                             \
    {100000000ull,    1000000000ull,    10000000000ull,    60000000000ull,   300000000000ull,                          \
     900000000000ull, 3600000000000ull, 14400000000000ull, 86400000000000ull}

#ifdef __cplusplus
} // namespace contract
#endif

#endif

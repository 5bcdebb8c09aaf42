/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A thread's time, divided into what it did: a clock that is stopped and started again at each change, so that the parts
 * add up to the time that passed. Pure accounting; programs/sched.h drives it.
 *
 * No two programs change a clock at the same time: what switches a thread out, wakes it up and switches it in follow each
 * other, and a thread that looks at its own clock is running.
 */
#ifndef GUNICORN_BPF_TRACE_TIME_ACCOUNTING_H
#define GUNICORN_BPF_TRACE_TIME_ACCOUNTING_H

#include "core/platform.h"

enum { CALL_ARGUMENTS = 3 };

struct thread_clock {
    u64 since_ns;              /* when the present period began */
    u64 oncpu_since_ns;        /* when it got its processor, if the hook saw it; else 0 */
    u64 spent_ns[TIME_STATES]; /* in ended periods, since the thread was first seen */
    u32 doing;                 /* enum time_state: the present stretch */
    u32 peer;                  /* TIME_SOCKET: index into peers */
    u32 requests;              /* begun by this thread and not ended */
    u32 ended;                 /* the thread is no more, its requests are */
    u64 made_ns;               /* when the clock began to exist: thread ids are used again */
    u64 began;   /* made_ns and the requests since: tells which clock a request began by, and whether there was
                                  another one in between */
    s32 read_fd; /* the descriptor that was last asked for a request's first byte, … */
    u32 reserved;
    u64 unread_ns; /* … and for how long that had been there by then */
    u64 call;      /* the system call that the thread is in, or was in last */
    u64 arguments[CALL_ARGUMENTS];
    u32 awaited;         /* descriptors that it waits for, … */
    s32 awaited_fd;      /* … of one: which, … */
    u16 awaited_writes;  /* … and until it can be written to; … */
    u16 awaited_sockets; /* … of several: perhaps sockets among them */
    u32 in_gc;           /* garbage; written by the thread alone, as the next two */
    u64 gc_from_ns;      /* read_on_cpu() when that began */
    u64 gc_ns;           /* on a processor, in ended collections */
    u64 peer_ids[PEERS]; /* 0: the place is free */
    struct peer peers[PEERS];
};

/* Adds the time since the last change to the present state. The state stays the same. */
static __always_inline void charge_clock(struct thread_clock *clock, u64 now_ns) {
    u64 passed = now_ns > clock->since_ns ? now_ns - clock->since_ns : 0;
    u32 doing = at_most(clock->doing, TIME_OTHER);

    clock->spent_ns[doing] += passed;
    if (doing == TIME_SOCKET) clock->peers[at_most(clock->peer, PEER_OVERFLOW)].waited_ns += passed;
    clock->since_ns += passed;
}

static __always_inline void change_clock(struct thread_clock *clock, u32 doing, u64 now_ns) {
    charge_clock(clock, now_ns);
    clock->doing = doing;
}

/* A thread that is awake already is on a processor or waits for one. */
static __always_inline void wake_clock(struct thread_clock *clock, u64 now_ns) {
    if (clock->doing == TIME_ON_CPU || clock->doing == TIME_RUN_QUEUE) return;
    change_clock(clock, TIME_RUN_QUEUE, now_ns);
}

/* The place of a peer. PEER_OVERFLOW when all others are taken; `is_new`: its address is still to be written. */
static __always_inline u32 index_of_peer(struct thread_clock *clock, u64 id, u32 *is_new) {
    *is_new = 0;
    for (u32 i = 0; i < PEER_OVERFLOW; i++) {
        if (clock->peer_ids[i] == id) return i;
        if (clock->peer_ids[i]) continue;
        clock->peer_ids[i] = id;
        *is_new = 1;
        return i;
    }
    return PEER_OVERFLOW;
}

/* The places of peers are a request's own. */
static __always_inline void forget_peers(struct thread_clock *clock) {
    for (u32 i = 0; i < PEERS; i++) {
        clock->peer_ids[i] = 0;
        clock->peers[i].waited_ns = 0;
    }
    clock->peers[PEER_OVERFLOW].family = PEER_IS_OVERFLOW;
}

/* What a clock showed at a moment. */
struct clock_reading {
    u64 at_ns;
    u64 spent_ns[TIME_STATES];
    u64 gc_ns;
    u64 peers_ns[PEERS];
};

/* Leaves the clock alone: the thread may be another one, which is doing something else at this moment. */
static __always_inline void read_clock(const struct thread_clock *clock, struct clock_reading *reading, u64 now_ns) {
    u64 passed = now_ns > clock->since_ns ? now_ns - clock->since_ns : 0;
    u32 doing = at_most(clock->doing, TIME_OTHER);

    reading->at_ns = now_ns;
    for (u32 i = 0; i < TIME_STATES; i++) reading->spent_ns[i] = clock->spent_ns[i];
    for (u32 i = 0; i < PEERS; i++) reading->peers_ns[i] = clock->peers[i].waited_ns;
    reading->gc_ns = clock->gc_ns;
    reading->spent_ns[doing] += passed;
    if (doing == TIME_SOCKET) reading->peers_ns[at_most(clock->peer, PEER_OVERFLOW)] += passed;
}

/* What was shown in between. The peers are those of the clock: their places stay as long as a request is there. */
static __always_inline void subtract_readings(const struct thread_clock *clock, const struct clock_reading *begin,
                                              const struct clock_reading *end, struct breakdown *time) {
    for (u32 i = 0; i < TIME_STATES; i++) time->spent_ns[i] = end->spent_ns[i] - begin->spent_ns[i];
    time->gc_ns = end->gc_ns - begin->gc_ns;
    copy_bytes(time->peers, sizeof time->peers, clock->peers);
    for (u32 i = 0; i < PEERS; i++) time->peers[i].waited_ns = end->peers_ns[i] - begin->peers_ns[i];
}

#endif

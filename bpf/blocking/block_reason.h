/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a thread that is about to block will be waiting for: by the system call that it is in, its descriptor, and the
 * state in which it goes to sleep. */
#ifndef GUNICORN_BPF_BLOCKING_BLOCK_REASON_H
#define GUNICORN_BPF_BLOCKING_BLOCK_REASON_H

#include "blocking/peers.h"
#include "conn/lookup.h"
#include "conn/request_trace.h"
#include "core/syscall_table.h"

enum { STATE_UNINTERRUPTIBLE = 2, STATE_STOPPED = 4 | 8 }; /* TASK_*, <linux/sched.h> */
enum { FILE_TYPE = 0170000, FILE_REGULAR = 0100000 };      /* S_IFMT, S_IFREG */

enum blocking_call {
    BLOCKS_OTHER = 0,
    BLOCKS_LOCK,
    BLOCKS_SLEEP,
    BLOCKS_READ,   /* (fd, …) */
    BLOCKS_WRITE,  /* (fd, …) */
    BLOCKS_SPLICE, /* (from, offset, fd) */
    BLOCKS_POLL,   /* (struct pollfd *, count) */
    BLOCKS_SELECT, /* (count, read, write, except) */
    BLOCKS_EPOLL,
    BLOCKS_CHILD, /* waits for a child uninterruptibly */
    BLOCKS_FILE,  /* of a file system */
};

/* clang-format off: one call per line */
static const u8 blocking_calls[OPERATIONS] = {
    [__NR_futex] = BLOCKS_LOCK,         [__NR_nanosleep] = BLOCKS_SLEEP, [__NR_clock_nanosleep] = BLOCKS_SLEEP,
    [__NR_read] = BLOCKS_READ,          [__NR_readv] = BLOCKS_READ,      [__NR_recvfrom] = BLOCKS_READ,
    [__NR_recvmsg] = BLOCKS_READ,       [__NR_recvmmsg] = BLOCKS_READ,   [__NR_accept] = BLOCKS_READ,
    [__NR_accept4] = BLOCKS_READ,       [__NR_connect] = BLOCKS_WRITE,   [__NR_write] = BLOCKS_WRITE,
    [__NR_writev] = BLOCKS_WRITE,       [__NR_sendto] = BLOCKS_WRITE,    [__NR_sendmsg] = BLOCKS_WRITE,
    [__NR_sendmmsg] = BLOCKS_WRITE,     [__NR_sendfile] = BLOCKS_WRITE,  [__NR_splice] = BLOCKS_SPLICE,
    [__NR_ppoll] = BLOCKS_POLL,         [__NR_pselect6] = BLOCKS_SELECT, [__NR_epoll_pwait] = BLOCKS_EPOLL,
    [__NR_clone] = BLOCKS_CHILD,        [__NR_clone3] = BLOCKS_CHILD,    [__NR_fsync] = BLOCKS_FILE,
    [__NR_fdatasync] = BLOCKS_FILE,     [__NR_openat] = BLOCKS_FILE,     [__NR_pread64] = BLOCKS_FILE,
    [__NR_pwrite64] = BLOCKS_FILE,      [__NR_getdents64] = BLOCKS_FILE,
#ifdef __NR_epoll_pwait2
    [__NR_epoll_pwait2] = BLOCKS_EPOLL,
#endif
#ifdef __NR_futex_waitv
    [__NR_futex_waitv] = BLOCKS_LOCK,
#endif
#ifdef __NR_poll
    [__NR_poll] = BLOCKS_POLL,          [__NR_select] = BLOCKS_SELECT,   [__NR_epoll_wait] = BLOCKS_EPOLL,
    [__NR_vfork] = BLOCKS_CHILD,        [__NR_open] = BLOCKS_FILE,
#endif
};
/* clang-format on */

static __always_inline int is_uninterruptible(u32 state) { return (state & STATE_UNINTERRUPTIBLE) != 0; }

/* The connection that the descriptor is, if a client's. */
static __always_inline int is_client(slot_t slot, s32 fd, u64 file) {
    struct connection_key key = {.slot = slot, .fd = fd};
    const struct connection *connection = connection_of(&key);

    return connection && (!connection->file || connection->file == file);
}

static __always_inline u32 wait_for_peer(struct thread_clock *clock, struct sock *sk) {
    u64 id = peer_id(sk);
    u32 is_new;
    u32 place = index_of_peer(clock, id, &is_new);

    if (is_new) describe_peer(&clock->peers[at_most(place, PEER_OVERFLOW)], sk);
    clock->peer = place;
    return TIME_SOCKET;
}

static __always_inline u32 wait_for_any(struct thread_clock *clock) {
    u32 is_new;
    u32 place = index_of_peer(clock, PEER_IS_POLL, &is_new);

    if (is_new) clock->peers[at_most(place, PEER_OVERFLOW)].family = PEER_IS_POLL;
    clock->peer = place;
    return TIME_SOCKET;
}

static __always_inline u32 wait_for_descriptor(struct thread_clock *clock, slot_t slot, s32 fd, int writes) {
    u64 file = file_of(fd);
    struct sock *sk;

    if (!file) return TIME_OTHER;
    if (is_client(slot, fd, file)) return writes ? TIME_WRITING : TIME_READING;
    sk = sock_of(file);
    if (sk) return wait_for_peer(clock, sk);
    return (BPF_CORE_READ((struct file *)file, f_inode, i_mode) & FILE_TYPE) == FILE_REGULAR ? TIME_DISK : TIME_OTHER;
}

struct poll_descriptor { /* struct pollfd */
    s32 fd;
    short events;
    short returned;
};

enum { POLL_IN = 1, POLL_OUT = 4 };

enum { POLL_SEEN = 4 }; /* with more descriptors, the kinds of descriptors are not read */

static __always_inline void awaited_by_poll(struct thread_clock *clock) {
    u32 count = (u32)clock->arguments[1];

    clock->awaited = count > POLL_SEEN ? count : 0;
    clock->awaited_sockets = count > POLL_SEEN;
    if (count > POLL_SEEN) return;
    for (u32 i = 0; i < POLL_SEEN; i++) {
        struct poll_descriptor descriptor = {};

        if (i >= count || copy_from_task(&descriptor, sizeof descriptor, clock->arguments[0] + i * sizeof descriptor))
            break;
        if (descriptor.fd < 0) continue; /* poll() takes no notice of it */
        clock->awaited++;
        clock->awaited_fd = descriptor.fd;
        clock->awaited_writes = !(descriptor.events & POLL_IN) && descriptor.events & POLL_OUT;
        clock->awaited_sockets |= sock_of(file_of(descriptor.fd)) != NULL;
    }
}

/* Without a branch, which would double the verifier's work in a loop. */
static __always_inline u32 bits_in(u64 word) {
    word -= word >> 1 & 0x5555555555555555ull;
    word = (word & 0x3333333333333333ull) + (word >> 2 & 0x3333333333333333ull);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
    return (u32)(word * 0x0101010101010101ull >> 56);
}

enum { SELECT_WORDS = 16 }; /* FD_SETSIZE bits */

/* Adds the descriptors in a set: one bit for each. What changes from turn to turn is in map memory, so that a turn looks
 * to the verifier like the one before. */
static __always_inline void awaited_in_set(struct thread_clock *clock, u64 set, u32 writes) {
    if (!set) return;
    for (u32 i = 0; i < SELECT_WORDS; i++) {
        u64 word = 0;

        if (i * 64 >= clock->arguments[0] || copy_from_task(&word, sizeof word, set + i * 8)) break;
        if (!word) continue;
        clock->awaited += bits_in(word);
        clock->awaited_fd = (s32)(i * 64 + bits_in((word & -word) - 1));
        clock->awaited_writes = writes;
    }
}

static __always_inline void awaited_by_select(struct thread_clock *clock) {
    clock->awaited = 0;
    clock->awaited_sockets = 1; /* perhaps */
    awaited_in_set(clock, clock->arguments[1], 0);
    awaited_in_set(clock, clock->arguments[2], 1);
}

static __always_inline u32 wait_for_awaited(struct thread_clock *clock, slot_t slot) {
    if (!clock->awaited) return TIME_SLEEP;
    if (clock->awaited > 1) return clock->awaited_sockets ? wait_for_any(clock) : TIME_OTHER;
    return wait_for_descriptor(clock, slot, clock->awaited_fd, (int)clock->awaited_writes);
}

/* In poll() and select(), which never wait for a file: what looks like one there is a process (a pidfd since Linux 6.14). */
static __always_inline u32 wait_for_ready(struct thread_clock *clock, slot_t slot) {
    u32 kind = wait_for_awaited(clock, slot);

    return kind == TIME_DISK ? TIME_OTHER : kind;
}

/* The current thread blocks. What it is in tells most; uninterruptible, it waits for a device whatever it is in. */
static __always_inline u32 blocks_in(struct thread_clock *clock, slot_t slot, u32 state) {
    u64 number = clock->call;
    u8 call = number < OPERATIONS ? blocking_calls[number] : BLOCKS_OTHER;

    if (state & STATE_STOPPED) return TIME_OTHER;
    if (is_uninterruptible(state)) return call == BLOCKS_CHILD ? TIME_OTHER : TIME_DISK;
    switch (call) {
    case BLOCKS_LOCK:
        return TIME_LOCK;
    case BLOCKS_SLEEP:
        return TIME_SLEEP;
    case BLOCKS_FILE:
        return TIME_DISK;
    case BLOCKS_EPOLL:
        return wait_for_any(clock);
    case BLOCKS_OTHER:
    case BLOCKS_CHILD:
        return TIME_OTHER;
    case BLOCKS_POLL:
        awaited_by_poll(clock);
        return wait_for_ready(clock, slot);
    case BLOCKS_SELECT:
        awaited_by_select(clock);
        return wait_for_ready(clock, slot);
    default:
        clock->awaited = 1;
        clock->awaited_fd = (s32)clock->arguments[call == BLOCKS_SPLICE ? 2 : 0];
        clock->awaited_writes = call != BLOCKS_READ;
    }
    return wait_for_awaited(clock, slot);
}

#endif

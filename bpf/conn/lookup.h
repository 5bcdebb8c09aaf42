/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which connection a descriptor means. A descriptor has room for two: while one thread is ending the former connection,
 * which takes it a microsecond, or as long as a hypervisor likes, another may have been given the number for the next one
 * and use it. Who finds the first room being cleared takes the second.
 */
#ifndef GUNICORN_BPF_CONN_LOOKUP_H
#define GUNICORN_BPF_CONN_LOOKUP_H

#include "conn/maps.h"
#include "core/slots.h"

/* In connection_key.fd. No descriptor is as large: fs.nr_open is at most 0x3fffffc0 (sysctl_nr_open_max, fs/file.c). */
enum { SECOND_ROOM = 1 << 30 };

/* How many second rooms are taken: mostly none, and then nobody looks there. Of a built-in type, since the skeleton repeats it. */
unsigned long long second_rooms_taken;

static __always_inline s32 descriptor_of(const struct connection_key *key) { return key->fd & ~SECOND_ROOM; }

static __always_inline void count_second_room(const struct connection_key *key, u64 change) {
    if (key->fd & SECOND_ROOM) __sync_fetch_and_add(&second_rooms_taken, change);
}

/* Whether the descriptor still means the accepted connection. An adopted one's file becomes known here. */
static __always_inline int is_same_file(struct connection *connection, s32 fd) {
    u64 file = file_of(fd);

    if (connection->file) return connection->file == file;
    if (inode_of(file) != connection->inode) return 0;
    connection->file = file;
    return 1;
}

/* By another thread: whatever file the descriptor has now, it does not mean this one any more. (The kernel uses the memory of a
 * closed file again, and soon.) */
static __always_inline int is_being_ended(const struct connection_key *key, const struct connection *connection) {
    const u64 *accepted_ns = bpf_map_lookup_elem(&endings, key);

    return accepted_ns && *accepted_ns == connection->accepted_ns;
}

/* The connection that the descriptor means, else one that it meant and that nobody is ending yet, else any; NULL if there is
 * none. `key`: that of the first room; becomes that of the connection. */
static __always_inline struct connection *connection_of(struct connection_key *key) {
    struct connection *first = bpf_map_lookup_elem(&connections, key);
    struct connection *second;
    s32 fd = key->fd;
    int first_ends;

    if (!second_rooms_taken) return first;
    first_ends = first && is_being_ended(key, first);
    if (first && !first_ends && is_same_file(first, fd)) return first;
    key->fd = fd | SECOND_ROOM;
    second = bpf_map_lookup_elem(&connections, key);
    if (second && !is_being_ended(key, second) && (!first || first_ends || is_same_file(second, fd))) return second;
    key->fd = fd;
    return first;
}

#endif

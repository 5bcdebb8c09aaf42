/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Connection lookup: from a descriptor to its connection. A descriptor has two keys. While one thread is ending a connection,
 * which takes a microsecond, or longer where a hypervisor takes the processor away, another thread may get the same number
 * from accept() and use it. The thread that finds the connection at the first key being closed uses the alternative key.
 */
#ifndef GUNICORN_BPF_CONN_LOOKUP_H
#define GUNICORN_BPF_CONN_LOOKUP_H

#include "conn/maps.h"
#include "core/slots.h"

/* In connection_key.fd. No descriptor is as large: fs.nr_open is at most 0x3fffffc0 (sysctl_nr_open_max, fs/file.c). */
enum { CONN_ALT_KEY = 1 << 30 };

/* Connections at alternative keys. Mostly 0, and then no lookup tries them. Of a built-in type, since the skeleton repeats it. */
unsigned long long alt_conns;

static __always_inline s32 fd_of(const struct connection_key *key) { return key->fd & ~CONN_ALT_KEY; }

static __always_inline void count_alt_conn(const struct connection_key *key, u64 change) {
    if (key->fd & CONN_ALT_KEY) __sync_fetch_and_add(&alt_conns, change);
}

/* True if the descriptor still means the accepted connection. Sets the file of an adopted one. */
static __always_inline int is_same_file(struct connection *connection, s32 fd) {
    u64 file = file_of(fd);

    if (connection->file) return connection->file == file;
    if (inode_of(file) != connection->inode) return 0;
    connection->file = file;
    return 1;
}

/* True if another thread is closing the connection: whatever file the descriptor has now, it does not mean this connection any
 * more. (Comparing files is not enough: the kernel soon uses the memory of a closed file again.) */
static __always_inline int is_closing(const struct connection_key *key, const struct connection *connection) {
    const struct conn_end *end = bpf_map_lookup_elem(&closing_conns, key);

    return end && end->accepted_ns == connection->accepted_ns;
}

/* The connection that the descriptor means, else one that it meant and that no thread is closing yet, else any; NULL if there
 * is none. `key`: in, the first key; out, the key at which the connection was found. */
static __always_inline struct connection *connection_of(struct connection_key *key) {
    struct connection *first = bpf_map_lookup_elem(&connections, key);
    struct connection *second;
    s32 fd = key->fd;
    int first_ends;

    if (!alt_conns) return first;
    first_ends = first && is_closing(key, first);
    if (first && !first_ends && is_same_file(first, fd)) return first;
    key->fd = fd | CONN_ALT_KEY;
    second = bpf_map_lookup_elem(&connections, key);
    if (second && !is_closing(key, second) && (!first || first_ends || is_same_file(second, fd))) return second;
    key->fd = fd;
    return first;
}

#endif

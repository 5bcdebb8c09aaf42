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

/* A connection whose open file has several descriptors, or had them in several processes, is at a key of its file: whoever uses one of
 * them uses the connection, and it ends when none is left. The key is unique among open files: a struct file takes 64 bytes and more,
 * and the kernel has them less than 64 GiB apart; and no other key is negative. The kernel uses the memory of a closed file again before user
 * space has ended its connection: the inode tells the two. */
#define CONN_OF_FILE ((s32)0x80000000)

static __always_inline s32 fd_key_of_file(u64 file) { return CONN_OF_FILE | (s32)(file >> 6 & (CONN_ALT_KEY - 1)); }

static __always_inline int is_key_of_file(const struct connection_key *key) { return key->fd < 0; }

/* Connections at keys of their files. Mostly 0, and then no lookup tries them. Of a built-in type, since the skeleton repeats it. */
unsigned long long conns_of_files;

/* Connections at alternative keys. Mostly 0, and then no lookup tries them. Of a built-in type, since the skeleton repeats it. */
unsigned long long alt_conns;

static __always_inline s32 fd_of(const struct connection_key *key) { return key->fd & ~CONN_ALT_KEY; }

static __always_inline void count_other_key(const struct connection_key *key, u64 change) {
    if (is_key_of_file(key))
        __sync_fetch_and_add(&conns_of_files, change);
    else if (key->fd & CONN_ALT_KEY)
        __sync_fetch_and_add(&alt_conns, change);
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
static __always_inline struct connection *connection_at(struct connection_key *key) {
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

/* As connection_at(), and also one at the key of the file that the descriptor means now. */
static __always_inline struct connection *connection_of(struct connection_key *key) {
    struct connection *found = connection_at(key);
    struct connection_key of_file = {.slot = key->slot};
    struct connection *other;
    u64 file;

    if (!conns_of_files) return found;
    file = file_of(fd_of(key));
    if (found && found->file == file) return found;
    of_file.fd = fd_key_of_file(file);
    other = bpf_map_lookup_elem(&connections, &of_file);
    if (!other || other->file != file || other->inode != inode_of(file)) return found;
    *key = of_file;
    return other;
}

#endif

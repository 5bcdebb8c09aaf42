/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A connection belongs to its open file. A descriptor is a way to it, and there may be others: a duplicate, or the same number in a
 * child of the worker. Where there may be, the connection is moved to a key of its file (conn/lookup.h). No system call tells of its end,
 * since the last descriptor may be closed by anybody: user space looks several times a second whether the file is still open.
 */
#ifndef GUNICORN_BPF_CONN_OPEN_FILES_H
#define GUNICORN_BPF_CONN_OPEN_FILES_H

#include "conn/lookup.h"
#include "conn/responses.h"

/* A connection at the key that is closed, whose file's memory another file has now: waits elsewhere for being ended. */
static __always_inline void set_aside(const struct connection_key *key, u64 inode) {
    struct connection *closed = bpf_map_lookup_elem(&connections, key);
    struct connection_key aside = {.slot = key->slot};

    if (!closed || closed->inode == inode) return;
    aside.fd = CONN_OF_FILE | (s32)(closed->accepted_ns & (CONN_ALT_KEY - 1));
    if (closed->queued > 1) drop_pipelined(closed, key);
    closed->file = 0;
    if (bpf_map_update_elem(&connections, &aside, closed, BPF_NOEXIST)) count_drop(DROP_CONNECTIONS_FULL);
    bpf_map_delete_elem(&connections, key);
}

/* Moves a connection to the key of its file. A function of its own, which the verifier walks once (Linux 5.6). 0: it is closed, or there
 * is no room, which is counted. */
__noinline u64 move_to_file(u32 slot, u32 fd) {
    struct connection_key key = {.slot = slot, .fd = (s32)fd};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);
    struct connection_key of_file = {.slot = slot};

    if (!connection || !is_open(connection->file, connection->inode)) return 0;
    of_file.fd = fd_key_of_file(connection->file);
    set_aside(&of_file, connection->inode);
    if (bpf_map_update_elem(&connections, &of_file, connection, BPF_NOEXIST)) {
        count_drop(DROP_CONNECTIONS_FULL);
        return 0;
    }
    if (connection->queued > 1) drop_pipelined(connection, &key); /* their labels are lost, not their count */
    forget_trace(connection, &key);
    bpf_map_delete_elem(&connections, &key);
    count_other_key(&of_file, 1);
    count_other_key(&key, (u64)-1);
    return 1;
}

/* A child of the worker has it, too, perhaps. */
static __always_inline int was_forked(const struct connection *connection, slot_t slot) {
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);

    return process && process->forked_ns >= connection->accepted_ns && process->forked_ns;
}

/* The descriptor at which the connection was found does not mean it any more. True if others do. That is asked where it may be: after a
 * fork, and where an answer, or the rest of one, is missing. */
static __always_inline int stays_open(const struct connection *connection, const struct connection_key *key) {
    return (was_forked(connection, key->slot) || is_unanswered(connection) || response_is_open(connection)) &&
           move_to_file(key->slot, (u32)key->fd);
}

/* The current process has got another descriptor of it. */
static __always_inline void note_duplicate(slot_t slot, s32 fd) {
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *connection = connection_of(&key);

    if (connection && !is_key_of_file(&key) && is_same_file(connection, fd)) move_to_file(slot, (u32)key.fd);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Accepted connections: where a connection begins. */
#ifndef GUNICORN_BPF_CONN_ACCEPT_H
#define GUNICORN_BPF_CONN_ACCEPT_H

#include "conn/in_flight.h"
#include "conn/listeners.h"
#include "conn/lookup.h"
#include "conn/open_files.h"
#include "conn/queue_wait.h"
#include "conn/shares.h"
#include "conn/tail_calls.h"

/* What is known of a connection at its beginning: its file, and what its waits are read from. */
static __always_inline void note_beginning(struct connection *connection, u64 file, u64 now_ns) {
    struct sock *sk = sock_of(file);

    connection->file = file;
    connection->inode = inode_of(file);
    connection->accepted_ns = now_ns;
    connection->tcp = sk && is_tcp(sk) ? (u64)sk : 0;
    connection->window = connection->first_seq = connection->addresses = 0;
    if (!connection->tcp) return;
    connection->window = BPF_CORE_READ((struct tcp_sock *)sk, rcv_wnd);
    connection->first_seq = BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
    connection->addresses = BPF_CORE_READ(sk, __sk_common.skc_hash);
    observe_port(BPF_CORE_READ(sk, __sk_common.skc_num));
}

/* Another thread has used the template between its filling and its copying. */
static __always_inline void mend_connection(const struct connection_key *key, u64 file, u64 now_ns) {
    struct connection *connection = bpf_map_lookup_elem(&connections, key);

    if (connection) note_beginning(connection, file, now_ns);
}

static __always_inline void begin_connection(const struct connection_key *key, u64 now_ns) {
    u32 index = NEW_ACCEPTED;
    struct connection *connection = bpf_map_lookup_elem(&new_connection, &index);
    u64 file = file_of(fd_of(key));

    if (!connection) return;
    /* Complete before it enters the map: the thread that closed the descriptor's former file may look it up at any moment. */
    note_beginning(connection, file, now_ns);
    if (!add_connection(key, connection)) return;
    if (connection->file != file || connection->accepted_ns != now_ns) mend_connection(key, file, now_ns);
    count_opened(key);
    count_other_key(key, 1);
    record_accept_wait(connection, key);
}

static __always_inline int on_accept(void *context, slot_t slot, s32 listener, s32 fd, u64 now_ns) {
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);
    u64 inode = inode_of(file_of(listener));
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *former;

    /* No master accepts: what does has called listen() and is no Gunicorn's. */
    if (!process || process->role != ROLE_WORKER) return 0;
    if (!listens_on(process->parent_slot, inode) && !listens_on(slot, inode))
        return 0; /* the application's own server */
    former = connection_at(&key);
    if (former && !stays_open(former, &key))
        return close_conn(context, &key, former, identity_of(former), CLOSE_REUSED, now_ns);
    begin_connection(&key, now_ns);
    return 0;
}

#endif

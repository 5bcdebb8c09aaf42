/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Listeners and accepted connections: where a connection begins, and where a process becomes a candidate. */
#ifndef GUNICORN_BPF_CONN_ACCEPT_H
#define GUNICORN_BPF_CONN_ACCEPT_H

#include "conn/in_flight.h"
#include "conn/lookup.h"
#include "conn/queue_wait.h"
#include "conn/tail_calls.h"

static __always_inline void begin_connection(const struct connection_key *key, u64 now_ns) {
    u32 index = NEW_ACCEPTED;
    struct connection *connection = bpf_map_lookup_elem(&new_connection, &index);

    if (!connection) return;
    /* Complete before it enters the map: the thread that closed the descriptor's former file may look it up at any moment. */
    connection->file = file_of(fd_of(key));
    connection->accepted_ns = now_ns;
    if (bpf_map_update_elem(&connections, key, connection, BPF_ANY)) {
        count_drop(DROP_CONNECTIONS_FULL);
        return;
    }
    count_opened(key);
    count_alt_conn(key, 1);
    record_accept_wait(connection, key);
}

static __always_inline int on_accept(void *context, slot_t slot, s32 listener, s32 fd, u64 now_ns) {
    u64 inode = inode_of(file_of(listener));
    struct connection_key key = {.slot = slot, .fd = fd};
    struct connection *former;

    if (!bpf_map_lookup_elem(&listeners, &inode)) return 0; /* a server of the application's own */
    former = connection_of(&key);
    if (former) return close_conn(context, &key, former, identity_of(former), CLOSE_REUSED, now_ns);
    begin_connection(&key, now_ns);
    return 0;
}

static __always_inline void add_listener(u64 file, u64 inode, slot_t owner) {
    if (bpf_map_update_elem(&listeners, &inode, &owner, BPF_ANY)) count_drop(DROP_LISTENERS_FULL);
    mark_port_of(file);
}

/* A process that listens may be about to become a Gunicorn master: from now on its forks are observed, so that no
 * request of its workers is missed while user space finds out. listen() is rare. */
static __always_inline void on_listen(u32 tgid, slot_t slot, s32 fd, u64 now_ns) {
    struct process *process = bpf_map_lookup_elem(&processes, &slot);
    u64 file = file_of(fd);
    u64 inode = inode_of(file);
    struct record_listen *record;

    /* Gunicorn makes its listeners in the main thread, since only that may handle signals. What listens in another one is the
     * control socket (25.1 and later), which is opened anew at each fork, or a server of the application's. */
    if ((u32)bpf_get_current_pid_tgid() != tgid) return;
    if (slot && process && process->role == ROLE_WORKER) {
        /* A server of the application's own; but with --reuse-port, from Gunicorn 24 on, each worker opens its own
         * listener. */
        if (shares_its_port(file)) add_listener(file, inode, slot);
        return;
    }
    if (!slot) {
        if (candidates == CANDIDATES_NONE) return;
        if (candidates == CANDIDATES_CHILDREN) {
            struct task_struct *task = (struct task_struct *)bpf_get_current_task();
            u32 parent = (u32)BPF_CORE_READ(task, real_parent, tgid);
            if (!slot_of(parent)) return;
        }
        slot = take_slot(tgid, ROLE_CANDIDATE, 0, now_ns);
        if (!slot) return;
    }
    add_listener(file, inode, slot);
    record = reserve_record(sizeof *record);
    if (!record) return;
    fill_header(&record->header, RECORD_LISTEN, slot, tgid, now_ns);
    record->socket_inode = inode;
    bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
}

#endif

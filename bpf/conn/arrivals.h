/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which unix clients wait in the queue of an observed master. */
#ifndef GUNICORN_BPF_CONN_ARRIVALS_H
#define GUNICORN_BPF_CONN_ARRIVALS_H

#include "conn/sockets.h"
#include "core/slots.h"

/* The master for which the process listens; 0: it is no Gunicorn's, or not known to be. (A worker that runs an asyncio server calls
 * listen() on its master's socket, too.) */
static __always_inline slot_t master_who_listens(u32 tgid) {
    slot_t slot = slot_of(tgid);
    const struct process *process = bpf_map_lookup_elem(&processes, &slot);

    if (!slot || !process) return 0;
    if (process->role == ROLE_MASTER) return slot;
    return process->role == ROLE_WORKER ? process->parent_slot : 0;
}

/* connect() has returned. Unless it has put a connection into the queue of an observed master, nothing is kept of it. */
static __always_inline void on_connected(s32 fd, long result) {
    struct sock *sk = sock_of(file_of(fd));
    u64 client = (u64)sk;
    struct arrival *arrival;
    slot_t owner = 0;

    if (!sk || !is_unix(sk)) return;
    arrival = bpf_map_lookup_elem(&arrivals, &client);
    if (!arrival) return; /* accepted already */
    if (!result) owner = master_who_listens((u32)BPF_CORE_READ(sk, sk_peer_pid, numbers[0].nr));
    if (owner)
        arrival->owner = owner;
    else
        bpf_map_delete_elem(&arrivals, &client);
}

#endif

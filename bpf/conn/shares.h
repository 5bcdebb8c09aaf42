/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How the workers of all masters share the map of connections: one master's cannot take the last of the room. */
#ifndef GUNICORN_BPF_CONN_SHARES_H
#define GUNICORN_BPF_CONN_SHARES_H

#include "conn/maps.h"

/* In the map, of all masters. Of a built-in type, since the skeleton repeats it. */
unsigned long long tracked_conns;

static __always_inline u64 *conns_of_master_of(slot_t worker) {
    const struct process *process = bpf_map_lookup_elem(&processes, &worker);
    slot_t master = process ? process->parent_slot : 0;

    return bpf_map_lookup_elem(&conns_of_master, &master);
}

/* A master may have as many as there is room left for others: half of the map if it is alone, which is --max-connections, a
 * third each if there are two, and always room for one that comes later. 0: it has its share; counted. */
static __always_inline int add_connection(const struct connection_key *key, const struct connection *connection) {
    u64 *of_master = conns_of_master_of(key->slot);
    int is_new = !bpf_map_lookup_elem(&connections, key);

    if (!of_master) return 0;
    if (*of_master + tracked_conns >= conn_places || bpf_map_update_elem(&connections, key, connection, BPF_ANY)) {
        count_drop(DROP_CONNECTIONS_FULL);
        return 0;
    }
    if (!is_new) return 1;
    __sync_fetch_and_add(of_master, 1);
    __sync_fetch_and_add(&tracked_conns, 1);
    return 1;
}

static __always_inline void delete_connection(const struct connection_key *key) {
    u64 *of_master = conns_of_master_of(key->slot);

    if (bpf_map_delete_elem(&connections, key) || !of_master) return;
    __sync_fetch_and_add(of_master, (u64)-1);
    __sync_fetch_and_add(&tracked_conns, (u64)-1);
}

#endif

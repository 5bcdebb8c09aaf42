/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps of connections, of the listeners that they come from, and the scratch in which they are worked on. */
#ifndef GUNICORN_BPF_CONN_MAPS_H
#define GUNICORN_BPF_CONN_MAPS_H

#include "conn/connection.h"
#include "core/config.h"
#include "core/maps.h"
#include "core/record.h"

/* Slot -> the process's listening sockets. A table of its own for each, so that what one process opens takes no room from
 * another. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, struct listener_table);
} listeners SEC(".maps");

/* Slot of a master -> tracked connections of its workers. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 2);
    __type(key, slot_t);
    __type(value, u64);
} conns_of_master SEC(".maps");

/* Slot -> since when the worker has a request in flight. Only for workers with several threads, where insertion and deletion
 * decide which of two threads begins or ends the busy period. The others use activity.busy_since_ns. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, slot_t);
    __type(value, u64);
} busy_since SEC(".maps");

/* The client's end of a unix connection (struct sock *) -> when it called connect(). What connects elsewhere is in it for as
 * long as its connect() takes. (A TCP connection's own socket has that time.) */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8192);
    __type(key, u64);
    __type(value, struct arrival);
} arrivals SEC(".maps");

/* ---- connections ---- */

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, struct connection_key);
    __type(value, struct connection);
} connections SEC(".maps");

/* Requests that were read before the one ahead of them was answered. Rare: gevent, tornado and uvicorn serve
 * pipelined requests, the others drop them. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, struct pipelined_key);
    __type(value, struct request);
} pipelined SEC(".maps");

/* A thread that ends a connection. */
struct conn_end {
    u64 accepted_ns; /* connection.accepted_ns: which one */
    u64 owner;       /* the thread, as bpf_get_current_pid_tgid() says it */
};

/* Connections that a thread is about to end. Two threads can reach the same one at once: one in close(), and one that has just
 * got the number from accept(). The insertion decides which of them ends it. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct connection_key);
    __type(value, struct conn_end);
} closing_conns SEC(".maps");

/* ---- scratch, per CPU: conn/scratch.h has who uses it ---- */

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct io_ctx);
} io_ctxs SEC(".maps");

/* Templates of connections that enter the map: zero except for what is known at the beginning. Too large for the stack. */
enum new_connection { NEW_ACCEPTED = 0, NEW_ADOPTED = 1, NEW_CONNECTIONS = 2 };

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, NEW_CONNECTIONS);
    __type(key, u32);
    __type(value, struct connection);
} new_connection SEC(".maps");

#endif

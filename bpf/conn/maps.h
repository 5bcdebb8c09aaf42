/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps of connections, of the listeners that they come from, and the scratch in which they are worked on. */
#ifndef GUNICORN_BPF_CONN_MAPS_H
#define GUNICORN_BPF_CONN_MAPS_H

#include "conn/connection.h"
#include "core/config.h"
#include "core/maps.h"
#include "core/record.h"

enum { PORTS_PER_PAGE = 1024 };

/* Inode of a listening socket -> slot of the process that called listen() last. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, u64);
    __type(value, slot_t);
} listeners SEC(".maps");

/* Since when a worker has a request in flight, by slot: of workers with several threads, where it takes an insertion and
 * a deletion to tell which of two threads begins or ends the stretch. The others have activity.busy_since_ns. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, slot_t);
    __type(value, u64);
} busy_since SEC(".maps");

/* TCP ports that somebody listens on, in any network namespace: a first sieve for what is established. */
struct port_page {
    u8 listening[PORTS_PER_PAGE];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 65536 / PORTS_PER_PAGE);
    __type(key, u32);
    __type(value, struct port_page);
} ports SEC(".maps");

/* struct sock * -> when it was ready to be accepted: a TCP connection, or the client's end of a unix one. What is never
 * accepted is the first to make room. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, u64);
    __type(value, u64);
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

/* Connections that a thread is about to end. Two threads can come to the same one at once: one that closes it and one
 * that has just been given its number by accept(). Insertion decides who does it. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 256);
    __type(key, struct connection_key);
    __type(value, u64); /* connection.accepted_ns: which one */
} endings SEC(".maps");

/* ---- scratch, per CPU: the programs cannot be interrupted by one another (tracepoints run with preemption
 * disabled, and no system call returns inside another) ---- */

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, struct portion);
} portions SEC(".maps");

/* Where a connection is put together before it enters the map: zero but for what is known at its beginning. Too large for the
 * stack. */
enum new_connection { NEW_ACCEPTED = 0, NEW_ADOPTED = 1, NEW_CONNECTIONS = 2 };

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, NEW_CONNECTIONS);
    __type(key, u32);
    __type(value, struct connection);
} new_connection SEC(".maps");

#endif

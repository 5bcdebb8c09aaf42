/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Requests that are traced: the clock of the thread that serves one is read when its first byte is, and again when its
 * response is complete. Nothing of it remains in the programs while trace_requests is 0.
 */
#ifndef GUNICORN_BPF_CONN_REQUEST_TRACE_H
#define GUNICORN_BPF_CONN_REQUEST_TRACE_H

#include "conn/in_flight.h"
#include "trace/maps.h"
#include "trace/scheduler_clock.h"

/* The clock of a thread that is running or about to; NULL when there is no room, which is counted. One that has ended belongs to an
 * earlier thread of that id: others have still to end its requests. */
static __always_inline struct thread_clock *clock_of(u32 thread) {
    u32 zero = 0;
    struct thread_clock *clock = bpf_map_lookup_elem(&clocks, &thread);
    struct blank_trace *blank;

    if (clock && !clock->ended) return clock;
    blank = bpf_map_lookup_elem(&blank_traces, &zero);
    if (!blank || bpf_map_update_elem(&clocks, &thread, &blank->clock, BPF_ANY)) {
        count_drop(DROP_THREADS_FULL);
        return NULL;
    }
    clock = bpf_map_lookup_elem(&clocks, &thread);
    if (!clock) return NULL;
    clock->since_ns = bpf_ktime_get_ns(); /* on a processor: TIME_ON_CPU is 0 */
    clock->made_ns = clock->since_ns;
    clock->began = clock->since_ns;
    return clock;
}

/* How long the current thread has been on a processor, ever. Called by a probe in an interpreter, which the thread can be switched out
 * of (hooks of the scheduler and of system calls it cannot): then another stretch has begun and it is asked again. 0: not known. */
static __always_inline int read_on_cpu(const struct thread_clock *clock, u64 *on_cpu_ns) {
    for (u32 i = 0; i < 3; i++) {
        u64 now_ns = bpf_ktime_get_ns();
        u64 since_ns = *(const volatile u64 *)&clock->since_ns;
        u64 spent_ns = *(const volatile u64 *)&clock->spent_ns[TIME_ON_CPU];
        u64 from_ns = clock->doing == TIME_ON_CPU ? since_ns
                                                  : last_oncpu_ns((const struct task_struct *)bpf_get_current_task());

        if (from_ns > now_ns || since_ns != *(const volatile u64 *)&clock->since_ns) continue;
        *on_cpu_ns = spent_ns + now_ns - from_ns;
        return from_ns != 0;
    }
    return 0;
}

/* The current thread begins to collect garbage, or has ended. */
static __always_inline void trace_gc(int begins) {
    u32 thread = (u32)bpf_get_current_pid_tgid();
    struct thread_clock *clock;
    u64 on_cpu_ns = 0;
    int is_known;

    if (!trace_requests) return;
    clock = bpf_map_lookup_elem(&clocks, &thread);
    if (!clock) return;
    is_known = read_on_cpu(clock, &on_cpu_ns);
    if (begins)
        clock->gc_from_ns = on_cpu_ns;
    else if (is_known && clock->in_gc)
        clock->gc_ns += on_cpu_ns - clock->gc_from_ns;
    clock->in_gc = begins && is_known;
}

/* The clock that a request began by; NULL if it is gone. */
static __always_inline struct thread_clock *clock_of_request(const struct traced *request) {
    u32 thread = request->thread;
    struct thread_clock *clock = bpf_map_lookup_elem(&clocks, &thread);

    return clock && request->began > clock->made_ns ? clock : NULL;
}

/* The same when it is about to be read: its thread may be the current one, of which a switch was not seen. */
static __always_inline struct thread_clock *clock_to_read(const struct traced *request, u64 now_ns) {
    struct thread_clock *clock = clock_of_request(request);

    if (clock && request->thread == (u32)bpf_get_current_pid_tgid()) sync_oncpu_current(clock, now_ns);
    return clock;
}

static __always_inline struct traced *traced_of(const struct connection_key *key) {
    u32 zero = 0;
    struct traced *found = bpf_map_lookup_elem(&traced, key);
    struct blank_trace *blank;

    if (found) return found;
    blank = bpf_map_lookup_elem(&blank_traces, &zero);
    if (!blank || bpf_map_update_elem(&traced, key, &blank->traced, BPF_ANY)) return NULL;
    return bpf_map_lookup_elem(&traced, key);
}

/* accept() has returned a connection that was seen to arrive. */
static __always_inline void trace_accept(const struct connection_key *key, u64 waited_ns) {
    struct traced *found;

    if (!trace_requests) return;
    found = traced_of(key);
    if (!found) return;
    found->accept_ns = waited_ns;
    found->accept_known = 1;
}

static __always_inline void begin_trace(const struct connection_key *key, u64 now_ns) {
    u32 thread = (u32)bpf_get_current_pid_tgid();
    struct thread_clock *clock = clock_of(thread);
    struct traced *request = traced_of(key);

    if (!request) return;
    request->thread = 0;
    if (!clock) return;
    request->thread = thread;
    request->unread_ns = clock->read_fd == key->fd ? clock->unread_ns : 0;
    request->interleaved = clock->requests != 0;
    request->written.at_ns = 0;
    if (!clock->requests) forget_peers(clock);
    clock->read_fd = -1;
    clock->requests++;
    request->began = ++clock->began;
    sync_oncpu_current(clock, now_ns);
    read_clock(clock, &request->begin, now_ns);
}

/* The request has ended, or is none. */
static __always_inline void leave_clock(struct traced *request) {
    u32 thread = request->thread;
    struct thread_clock *clock = clock_of_request(request);

    request->thread = 0;
    if (!clock) return;
    if (clock->requests) clock->requests--;
    if (clock->ended && !clock->requests) bpf_map_delete_elem(&clocks, &thread);
}

static __always_inline void drop_trace(struct connection *connection, const struct connection_key *key) {
    struct traced *request = bpf_map_lookup_elem(&traced, key);

    connection->flags &= (u16)~CONNECTION_IS_TRACED;
    if (request) leave_clock(request);
}

/* Call it after each run over a call's bytes. */
static __always_inline void update_request_trace(struct connection *connection, const struct connection_key *key,
                                                 u64 now_ns) {
    int in_flight;

    if (!trace_requests) return;
    in_flight = is_in_flight(connection);
    if (in_flight == !!(connection->flags & CONNECTION_IS_TRACED)) return;
    if (!in_flight) {
        drop_trace(connection, key);
        return;
    }
    connection->flags |= CONNECTION_IS_TRACED;
    begin_trace(key, now_ns);
}

/* The same, in a function of its own: not every program has the stack for it. */
__noinline u64 update_trace_by_key(u32 slot, u32 fd, u64 now_ns) {
    struct connection_key key = {.slot = slot, .fd = (s32)fd};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);

    if (connection) update_request_trace(connection, &key, now_ns);
    return 0;
}

static __always_inline void update_trace_apart(const struct connection_key *key, u64 now_ns) {
    if (trace_requests) update_trace_by_key(key->slot, (u32)key->fd, now_ns);
}

/* Bytes of a response have been written. Which of the writes is the last may turn out when the connection is closed. */
static __always_inline void trace_write(const struct connection *connection, const struct connection_key *key,
                                        u64 now_ns) {
    const struct thread_clock *clock;
    struct traced *request;

    if (!trace_requests || !(connection->flags & CONNECTION_IS_TRACED)) return;
    request = bpf_map_lookup_elem(&traced, key);
    if (!request) return;
    clock = clock_to_read(request, now_ns);
    if (clock) read_clock(clock, &request->written, now_ns);
}

/* The current request has ended. All of `time` is written but for the flags, which are 0. */
static __always_inline void end_trace(struct connection *connection, const struct connection_key *key, u64 now_ns,
                                      struct breakdown *time) {
    struct traced *request = bpf_map_lookup_elem(&traced, key);
    struct thread_clock *clock;
    u32 thread;

    if (!request || !(connection->flags & CONNECTION_IS_TRACED)) return;
    connection->flags &= (u16)~CONNECTION_IS_TRACED;
    time->accept_ns = request->accept_ns;
    time->unread_ns = request->unread_ns;
    if (request->accept_known) time->flags |= BREAKDOWN_ACCEPT_KNOWN;
    request->accept_known = 0;
    thread = request->thread;
    clock = clock_to_read(request, now_ns);
    if (!clock) return;
    if (request->written.at_ns != now_ns) read_clock(clock, &request->written, now_ns);
    subtract_readings(clock, &request->begin, &request->written, time);
    time->thread = thread;
    time->flags |= BREAKDOWN_KNOWN;
    if (request->interleaved || clock->began != request->began) time->flags |= BREAKDOWN_INTERLEAVED;
    if (!clock->ended && (u32)bpf_get_current_pid_tgid() != thread) time->flags |= BREAKDOWN_MOVED;
    leave_clock(request);
}

/* The connection has ended. */
static __always_inline void forget_trace(struct connection *connection, const struct connection_key *key) {
    if (!trace_requests) return;
    if (connection->flags & CONNECTION_IS_TRACED) drop_trace(connection, key);
    bpf_map_delete_elem(&traced, key);
}

#endif

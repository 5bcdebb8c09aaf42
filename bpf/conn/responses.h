/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Accounting: a finished response enters its worker's totals and, when its labels matter, leaves a record; an
 * ended connection is counted as what it turned out to be.
 */
#ifndef GUNICORN_BPF_CONN_RESPONSES_H
#define GUNICORN_BPF_CONN_RESPONSES_H

#include "conn/foreign_bytes.h"
#include "conn/in_flight.h"
#include "conn/lookup.h"
#include "conn/request_trace.h"
#include "conn/requests.h"
#include "conn/shares.h"
#include "core/histogram.h"
#include "core/record.h"

static __always_inline void add_size(struct sizes *sizes, u64 bytes) {
    add_to_histogram(sizes->buckets, &sizes->sum_bytes, size_bounds_bytes, SIZE_BOUNDS, bytes);
}

/* The first byte of the request, or the end of the response before it if that is later (the request was waiting in a
 * buffer until then). */
static __always_inline u64 begin_of(const struct connection *connection) {
    if (connection->queued && connection->current.first_byte_ns > connection->last_end_ns)
        return connection->current.first_byte_ns;
    return connection->last_end_ns ? connection->last_end_ns : connection->accepted_ns;
}

/* From the request's begin to a moment at which the kernel accepted bytes of its response. */
static __always_inline u64 duration_until(const struct connection *connection, u64 accepted_ns) {
    u64 begin = begin_of(connection);

    return accepted_ns > begin ? accepted_ns - begin : 0;
}

/* What is counted of a response whose request was skipped. */
static __always_inline u32 loss_of(u8 lost_by) {
    if (lost_by == RESYNC_PARSE_BUDGET) return DROP_PARSE_BUDGET;
    if (lost_by == RESYNC_PREEMPTED) return DROP_PREEMPTED;
    if (lost_by == RESYNC_FOREIGN_WRITER) return DROP_FOREIGN_WRITER;
    if (lost_by == RESYNC_IO_URING) return DROP_IO_URING;
    return lost_by == RESYNC_PIPELINE_FULL ? DROP_PIPELINE_FULL : DROP_REQUEST_END;
}

/* Of so many requests it is not known how they were answered. */
static __always_inline void count_foreign(slot_t slot, u64 requests) {
    count_drops(loss_of(foreign_reason(slot)), requests);
}

static __always_inline u8 response_flags(const struct connection *connection, u8 incomplete) {
    u8 flags = incomplete ? RESPONSE_INCOMPLETE : 0;

    flags |= (u8)(connection->flags / CONNECTION_SAW_PROXY % 2 * RESPONSE_PROXY_LINE);
    if (!connection->queued)
        return flags | (answers_skipped_request(connection) ? RESPONSE_LINE_LOST : RESPONSE_NO_REQUEST);
    if (connection->current.flags & REQUEST_LOST) return flags | RESPONSE_LINE_LOST;
    if (connection->current.flags & REQUEST_LINE_CUT) flags |= RESPONSE_LINE_CUT;
    if (!(connection->current.flags & REQUEST_LINE_DONE)) flags |= RESPONSE_LINE_OPEN;
    if (connection->current.flags & REQUEST_UWSGI) flags |= RESPONSE_UWSGI;
    return flags;
}

static __always_inline void fill_record(struct record_response *record, const struct connection *connection,
                                        const struct connection_key *key, u32 kind, u16 status, u64 now_ns,
                                        u64 duration_ns, u8 incomplete, u8 ended_by) {
    struct process *process = bpf_map_lookup_elem(&processes, &key->slot);
    const struct worker_totals *total = bpf_map_lookup_elem(&totals, &key->slot);

    fill_header(&record->header, kind, key->slot, process ? process->tgid : 0, now_ns);
    record->duration_ns = duration_ns;
    record->status = status;
    record->flags = response_flags(connection, incomplete);
    record->ended_by = ended_by;
    record->reserved[0] = record->reserved[1] = 0;
    record->line_bytes = connection->queued ? connection->current.line_bytes : 0;
    record->polled_ns = total ? total->last_polled_ns : 0;
    record->by = connection->by;
    copy_bytes(record->exception, EXCEPTION_BYTES, connection->exception);
    copy_bytes(record->request_line, REQUEST_LINE_BYTES, connection->current.line);
}

/* As record_request(), with the breakdown of the request's time. */
static __always_inline void record_traced(struct connection *connection, const struct connection_key *key, u32 kind,
                                          u16 status, u64 now_ns, u64 duration_ns, u8 incomplete, u8 ended_by) {
    struct record_traced *record = reserve_record(sizeof *record);

    if (!record) {
        drop_trace(connection, key);
        return;
    }
    fill_record(&record->response, connection, key, kind == RECORD_RESPONSE ? RECORD_TRACED : RECORD_TRACED_ABORTED,
                status, now_ns, duration_ns, incomplete, ended_by);
    record->time.flags = 0;
    end_trace(connection, key, now_ns, &record->time);
    bpf_ringbuf_submit(record, wake_up_flags());
}

/* `kind`: RECORD_RESPONSE or RECORD_ABORTED. */
static __always_inline void record_request(struct connection *connection, const struct connection_key *key, u32 kind,
                                           u16 status, u64 now_ns, u64 duration_ns, u8 incomplete, u8 ended_by) {
    struct record_response *record;

    if (trace_requests) {
        record_traced(connection, key, kind, status, now_ns, duration_ns, incomplete, ended_by);
        return;
    }
    record = reserve_record(sizeof *record);
    if (!record) return;
    fill_record(record, connection, key, kind, status, now_ns, duration_ns, incomplete, ended_by);
    bpf_ringbuf_submit(record, wake_up_flags());
}

/* 1 if the response that is complete answers a CONNECT and lets the client in (RFC 9110 section 9.3.6), and no other request waits; else
 * 0. Without branches, and kept in the connection until it is needed: Linux 5.10 follows all that comes behind a branch once for
 * each value that a variable may have by then. */
static __always_inline u32 opens_tunnel(const struct connection *connection) {
    u32 status = connection->streams[TO_CLIENT].status;
    u32 is_connect = connection->current.flags / REQUEST_CONNECT % 2;
    u32 others = connection->queued ^ 1;

    return is_connect & !anew(others | (status / 100 ^ 2));
}

/* Read anew, for the same reason. The index of a status that is not readable, 0, is above all others. */
static __always_inline u32 index_of_status(const struct connection *connection) {
    const volatile u16 *status = &connection->streams[TO_CLIENT].status;

    return (u32)*status - STATUS_FIRST;
}

/* What was found of the exception behind a response is not to be trusted. */
static __always_inline void forget_cause(struct connection *connection) {
    connection->exception[0] = 0;
    connection->by.thread = 0;
}

/* The record leaves before the totals grow, so that a reader that takes totals first and records second finds an
 * explanation for each count. `end_at`: the response's end, as a position in the stream to the client. */
static __always_inline void finish_response(struct connection *connection, const struct connection_key *key, u64 end_at,
                                            u8 incomplete, u32 ended_by) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &key->slot);
    u16 status = connection->streams[TO_CLIENT].status;
    u64 duration_ns = duration_until(connection, connection->last_write_ns);
    u64 first_byte_ns = duration_until(connection, connection->first_write_ns);
    u64 request_at = connection->current.begins_at;
    u32 answered = connection->queued;

    if (status >= 400 || connection->by.thread || record_every_response)
        record_request(connection, key, RECORD_RESPONSE, status, connection->last_write_ns, duration_ns, incomplete,
                       (u8)ended_by);
    if (answers_skipped_request(connection)) count_drop(loss_of(connection->lost_by));
    connection->exception[0] = 0;
    connection->by.thread = 0;
    connection->ended = (u8)(1 + STREAM_COMPLETE + anew(incomplete) * (ended_by - STREAM_COMPLETE));
    connection->responses++;
    if (!connection->queued) connection->marks = connection->streams[FROM_CLIENT].details = 0;
    connection->marks &= (u8) ~(MARK_STRAY | MARK_TUNNEL);
    connection->marks |= (u8)(opens_tunnel(connection) * MARK_TUNNEL);
    connection->last_end_ns = connection->last_write_ns;
    connection->first_write_ns = connection->last_write_ns; /* the next one's, if this write goes on with it */
    /* A request that was refused while its head was still coming: what follows is not understood by the
     * server either, and it will close. */
    if (connection->queued && !current_head_done(connection)) connection->streams[FROM_CLIENT].phase = PHASE_IGNORED;
    next_request(connection, key);
    if (total) {
        add_to_histogram(total->duration_buckets, &total->duration_sum_ns, duration_bounds_ns, DURATION_BOUNDS,
                         duration_ns);
        if (incomplete) increment(&total->incomplete[at_most(ended_by, ENDED_BY_COUNT - 1)]);
        if (measure_sizes) {
            u64 read = connection->queued ? connection->current.begins_at : connection->streams[FROM_CLIENT].moved;

            add_duration(&total->first_byte, first_byte_ns);
            add_size(&total->request_sizes, answered ? read - request_at : 0);
            add_size(&total->response_sizes, end_at - connection->answered_at);
        }
        /* Last: as long as it is missing, the two sums differ and a reader tries again. */
        increment(&total->responses[at_most(index_of_status(connection), STATUS_UNREADABLE)]);
    }
    connection->answered_at = end_at;
    if (connection->flags & CONNECTION_SAW_UWSGI) connection->streams[FROM_CLIENT].phase = PHASE_IDLE;
    connection->streams[TO_CLIENT].phase = PHASE_IDLE;
    if (status == 101) {
        /* RFC 9110 section 7.8: from here on it is another protocol. */
        ignore_connection(connection);
        if (measure_activity && total && connection->streams[TO_CLIENT].details & DETAIL_WEBSOCKET)
            begin_websocket(connection, total, connection->last_write_ns);
    }
    if (connection->marks & MARK_TUNNEL) lose_place(connection, FROM_CLIENT, RESYNC_TUNNEL);
}

/* finish_response() for programs that end connections: a function of its own, which the verifier walks once (Linux 5.6). Inside of
 * them it would be walked for each way in which a response can end, and Linux 5.10 gives up. `how`: incomplete | ended_by << 1. */
__noinline u64 finish_response_apart(u32 slot, u32 fd, u64 end_at, u32 how) {
    struct connection_key key = {.slot = slot, .fd = (s32)fd};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);

    if (connection) finish_response(connection, &key, end_at, how & 1, how >> 1);
    return 0;
}

/* True if nothing says that more of the response would have come. */
static __always_inline int may_end_with_connection(const struct stream *stream) {
    return stream->phase == PHASE_UNTIL_CLOSE || stream->phase == PHASE_UNTIL_NEXT;
}

/* Nothing more will be written: the open response ends here, by its framing or before. A client that closed its end before the
 * response was complete ended it: event loops read that end while they write, the other workers learn of it by a reset. */
static __always_inline void end_open_response(struct connection *connection, const struct connection_key *key,
                                              u32 ended_by) {
    u32 foreign;
    u8 incomplete;

    if (!response_is_open(connection)) return;
    foreign = ended_by == BY_EXIT ? 0 : foreign_bytes(connection);
    if (foreign) count_foreign(key->slot, 1); /* of its end it is not known when that was */
    connection->streams[TO_CLIENT].moved += foreign;
    incomplete = !foreign && !may_end_with_connection(&connection->streams[TO_CLIENT]);
    if (connection->flags & CONNECTION_PEER_RESET ||
        (incomplete && connection->flags & CONNECTION_PEER_CLOSED && ended_by == BY_SERVER))
        ended_by = BY_CLIENT;
    incomplete |= ended_by != BY_SERVER;
    /* Whether a uwsgi request's method was HEAD is not looked at: its response may well have no body. */
    if (connection->flags & CONNECTION_SAW_UWSGI && ended_by == BY_SERVER) incomplete = 0;
    finish_response_apart(key->slot, (u32)key->fd, connection->streams[TO_CLIENT].moved, incomplete | ended_by << 1);
}

/* What became of the requests that a connection's end leaves unanswered. */
enum leftover { LEFT_NOTHING, LEFT_ABORTED, LEFT_TO_OTHERS };

static __always_inline u32 kind_of(const struct connection *connection, u32 left) {
    if (connection->flags & CONNECTION_IS_ADOPTED) return CONNECTION_ADOPTED;
    if (connection->responses || left == LEFT_TO_OTHERS) return CONNECTION_HTTP;
    if (connection->flags & CONNECTION_SAW_TLS) return CONNECTION_TLS;
    if (connection->flags & CONNECTION_SAW_HTTP2) return CONNECTION_HTTP2;
    if (connection->flags & CONNECTION_SAW_OTHER) return CONNECTION_OPAQUE;
    if (left == LEFT_ABORTED) return CONNECTION_ABORTED;
    return connection->flags & CONNECTION_SAW_BYTES ? CONNECTION_PARTIAL : CONNECTION_EMPTY;
}

/* Forgets what waits in `pipelined`. Rare, and always the full number of turns: a loop with one way out costs the
 * verifier nothing behind it. */
static __always_inline void drop_pipelined(const struct connection *connection, const struct connection_key *key) {
    struct pipelined_key ahead = {.connection = *key, .ordinal = connection->next_ahead};

    for (u32 i = 0; i < PIPELINE_DEPTH; i++) {
        bpf_map_delete_elem(&pipelined, &ahead);
        ahead.ordinal++;
    }
}

/* Of a request that a connection's end leaves unanswered. */
static __always_inline u32 side_that_ended(const struct connection *connection) {
    return connection->flags & (CONNECTION_PEER_CLOSED | CONNECTION_PEER_RESET) ? BY_CLIENT : BY_SERVER;
}

/* Requests that are left: the one whose turn it was is aborted, those read ahead of their turn were never served.
 * A request whose head is not complete is none. */
static __always_inline u32 end_open_requests(struct connection *connection, const struct connection_key *key,
                                             struct worker_totals *total, u32 ended_by, u64 now_ns) {
    u32 whole = connection->queued;
    u32 ahead = 0;

    if (whole && !(connection->streams[FROM_CLIENT].flags & STREAM_HEAD_DONE)) whole--;
    if (connection->queued > 1) drop_pipelined(connection, key);
    if (!whole || connection->flags & CONNECTION_SAW_OTHER) return LEFT_NOTHING;
    if (ended_by != BY_EXIT) {
        if (foreign_bytes(connection)) {
            count_foreign(key->slot, whole);
            return LEFT_TO_OTHERS;
        }
        ended_by = side_that_ended(connection);
    }
    ahead = connection->current.flags & REQUEST_AHEAD ? whole : whole - 1;
    if (ahead) __sync_fetch_and_add(&total->unserved, ahead);
    if (ahead == whole) return LEFT_NOTHING;
    if (ended_by == BY_EXIT || record_every_response)
        record_request(connection, key, RECORD_ABORTED, 0, now_ns, duration_until(connection, now_ns), 1, (u8)ended_by);
    increment(&total->aborted[at_most(ended_by, ENDED_BY_COUNT - 1)]);
    return LEFT_ABORTED;
}

/* Before `bytes` of a call: others have answered what was due (conn/foreign_bytes.h). How many requests that were is not known where more
 * than one waited: the next one that is read is understood again. A function of its own, which the verifier walks once (Linux 5.6). */
__noinline u64 forget_answered(u32 slot, u32 fd, u64 bytes) {
    struct connection_key key = {.slot = slot, .fd = (s32)fd};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);
    u32 foreign = connection ? foreign_bytes(connection) : 0;

    if (!foreign) return 0;
    /* If the server goes on with an answer, that has no labels, and is counted as it comes. */
    count_foreign(slot, bytes ? 1 : connection->queued);
    connection->streams[TO_CLIENT].moved += foreign;
    if (response_is_open(connection)) finish_response_apart(slot, fd, connection->streams[TO_CLIENT].moved, 0);
    if (connection->queued > 1) drop_pipelined(connection, &key);
    forget_trace(connection, &key);
    connection->queued = 0;
    connection->answered_at = connection->streams[TO_CLIENT].moved - bytes;
    connection->streams[TO_CLIENT].phase = PHASE_IDLE;
    connection->streams[TO_CLIENT].partial_bytes = 0;
    lose_place(connection, FROM_CLIENT, foreign_reason(slot));
    update_activity(connection, &key, bpf_ktime_get_ns());
    return 1;
}

/* Ends the connection at `now_ns`, on whichever side it was closed. */
static __always_inline void finish_connection(struct connection *connection, const struct connection_key *key,
                                              u32 ended_by, u64 now_ns) {
    struct worker_totals *total = bpf_map_lookup_elem(&totals, &key->slot);

    if (total) {
        end_open_response(connection, key, ended_by);

        u32 left = end_open_requests(connection, key, total, ended_by, now_ns);
        increment(&total->connections[at_most(kind_of(connection, left), CONNECTION_KINDS - 1)]);
        connection->queued = 0;
        connection->flags &= (u16)~CONNECTION_HELD;
        update_activity(connection, key, now_ns);
        end_websocket(connection, total, ended_by == BY_EXIT ? BY_EXIT : side_that_ended(connection), now_ns);
        if (measure_activity) __sync_fetch_and_add(&total->activity.open_connections, (u64)-1);
    }
    count_other_key(key, (u64)-1);
    forget_trace(connection, key);
    delete_connection(key);
}

#endif

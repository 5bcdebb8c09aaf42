/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How connections end: by system calls (the parts that sys_exit hands them to), and by user space for those that a process
 * left behind. Also how user space begins one that was open before us.
 */
#ifndef GUNICORN_BPF_ENDINGS_H
#define GUNICORN_BPF_ENDINGS_H

#include "accept.h"
#include "responses.h"

/* The connection that brought us here, if its key still means it: another thread may have ended it meanwhile, and even
 * have begun the next. */
static __always_inline struct connection *connection_to_end(const struct portion *portion,
                                                            const struct connection_key *key) {
    struct connection *connection = bpf_map_lookup_elem(&connections, key);

    return connection && connection->accepted_ns == portion->accepted_ns ? connection : NULL;
}

/* Looks on for some microseconds while another thread ends the connection. */
static __always_inline void wait_for_end(const struct connection_key *key) {
    for (u32 i = 0; i < 128; i++) {
        if (!bpf_map_lookup_elem(&endings, key)) return;
    }
}

/* The end of a connection. The second part behind sys_exit.
 *
 * One thread may do it at a time. The other holds it for a microsecond or two, more when an interrupt (or a hypervisor)
 * comes in between: who was given the number by accept() waits and tries again, up to the kernel's limit of 33 tail calls,
 * some hundred microseconds in all; who closes leaves it to the other. */
SEC("tp_btf/sys_exit")
int end_by_call(u64 *context) {
    u32 zero = 0;
    u8 taken = 1;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);
    struct connection *connection;
    struct connection_key key;

    if (!portion) return 0;
    key = portion->key;
    if (portion->threads && bpf_map_update_elem(&endings, &key, &taken, BPF_NOEXIST)) {
        if (portion->ending != ENDING_REPLACED) return 0;
        wait_for_end(&key);
        bpf_tail_call(context, &parts, PART_END);
        give_up(GIVE_UP_CONNECTIONS_FULL);
        return 0;
    }
    connection = connection_to_end(portion, &key);
    if (connection) finish_connection(connection, &key, BY_SERVER, portion->now_ns);
    if (portion->ending == ENDING_REPLACED) begin_connection(&key, portion->now_ns);
    if (portion->threads) bpf_map_delete_elem(&endings, &key);
    return 0;
}

/* Nothing more will be written to a connection. The third part behind sys_exit. */
SEC("tp_btf/sys_exit")
int shut_by_call(u64 *context) {
    (void)context;
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);
    struct connection *connection;
    struct connection_key key;

    if (!portion) return 0;
    key = portion->key;
    connection = connection_to_end(portion, &key);
    if (!connection) return 0;
    end_open_response(connection, &key, BY_SERVER);
    ignore_connection(connection); /* what is read from here on is drained, not served */
    settle_activity(connection, &key, portion->now_ns);
    return 0;
}

/* The two programs below hang on no hook: user space runs them (BPF_PROG_TEST_RUN, Linux 5.10), so that one piece of
 * code knows what a connection looks like. */

/* A connection that its process left behind. Arguments: slot, descriptor, enum ended_by, when the process ended. */
SEC("raw_tp")
int end_connection(struct bpf_raw_tracepoint_args *context) {
    struct connection_key key = {.slot = (slot_t)context->args[0], .fd = (s32)context->args[1]};
    struct connection *connection = bpf_map_lookup_elem(&connections, &key);

    if (connection) finish_connection(connection, &key, (u32)context->args[2], context->args[3]);
    return 0;
}

/* A connection that was open before us. Arguments: slot, descriptor, the socket's inode. Until the next request
 * begins nothing is known of it: what is in flight is not counted. */
SEC("raw_tp")
int adopt_connection(struct bpf_raw_tracepoint_args *context) {
    struct connection_key key = {.slot = (slot_t)context->args[0], .fd = (s32)context->args[1]};
    u32 one = 1;
    struct connection *connection = bpf_map_lookup_elem(&blank_connection, &one);

    /* Complete before it enters the map: the process may use the connection at any moment. */
    if (!connection) return 0;
    connection->inode = context->args[2];
    connection->flags = CONNECTION_IS_ADOPTED;
    connection->streams[TO_CLIENT].phase = PHASE_IGNORED;
    if (!bpf_map_update_elem(&connections, &key, connection, BPF_NOEXIST)) count_opened(&key);
    return 0;
}

#endif

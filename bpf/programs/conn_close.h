/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How connections end: by system calls (the parts that sys_exit hands them to), and by user space for those that a process
 * left behind. Also how user space begins one that was open before us.
 */
#ifndef GUNICORN_BPF_PROGRAMS_CONN_CLOSE_H
#define GUNICORN_BPF_PROGRAMS_CONN_CLOSE_H

#include "conn/accept.h"
#include "conn/responses.h"

/* A connection was accepted whose descriptor meant another one, which another thread is still ending: begins in the other
 * room. Whatever is left in there is to be ended too; in vain only if that is also being done by somebody else, in which case it
 * is tried again, room by room, up to the kernel's limit of 33 tail calls. */
static __always_inline int begin_beside(void *context, struct portion *portion) {
    struct connection_key key = portion->key;
    const struct connection *left;

    key.fd ^= SECOND_ROOM;
    left = bpf_map_lookup_elem(&connections, &key);
    if (!left) {
        begin_connection(&key, portion->now_ns);
        return 0;
    }
    portion->key = key;
    portion->accepted_ns = left->accepted_ns;
    bpf_tail_call(context, &parts, PROG_END_BY_CALL);
    count_drop(DROP_CONNECTIONS_FULL);
    return 0;
}

/* The end of a connection. The second part behind sys_exit.
 *
 * One thread may do it at a time. Who closes leaves it to the other; who was given the number by accept() does not wait. */
SEC("tp_btf/sys_exit")
int end_by_call(u64 *context) {
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);
    struct connection *connection;
    struct connection_key key;
    u64 accepted_ns;

    if (!portion) return 0;
    key = portion->key;
    accepted_ns = portion->accepted_ns;
    if (portion->threads && bpf_map_update_elem(&endings, &key, &accepted_ns, BPF_NOEXIST)) {
        return portion->ending == ENDING_REPLACED ? begin_beside(context, portion) : 0;
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
    u32 index = NEW_ADOPTED;
    struct connection *connection = bpf_map_lookup_elem(&new_connection, &index);

    /* Complete before it enters the map: the process may use the connection at any moment. */
    if (!connection) return 0;
    connection->inode = context->args[2];
    connection->flags = CONNECTION_IS_ADOPTED;
    connection->streams[TO_CLIENT].phase = PHASE_IGNORED;
    if (!bpf_map_update_elem(&connections, &key, connection, BPF_NOEXIST)) count_opened(&key);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The programs behind sys_exit, and how they are reached: by tail calls, with what they need in a portion. */
#ifndef GUNICORN_BPF_CONN_TAIL_CALLS_H
#define GUNICORN_BPF_CONN_TAIL_CALLS_H

#include "conn/in_flight.h"
#include "conn/requests.h"
#include "core/slots.h"

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, TAIL_CALLS);
    __type(key, u32);
    __type(value, u32);
} parts SEC(".maps");

/* Which connection this is, among all that its descriptor and its memory have meant and will mean. To be read before
 * whatever decides what is done to it: the memory of an entry that another thread deletes is given to the next one at once. */
static __always_inline u64 identity_of(const struct connection *connection) {
    return *(const volatile u64 *)&connection->accepted_ns;
}

/* The connection that brought us here, if its key still means it: another thread may have ended it meanwhile, and even
 * have begun the next. */
static __always_inline struct connection *connection_to_end(const struct portion *portion,
                                                            const struct connection_key *key) {
    struct connection *connection = bpf_map_lookup_elem(&connections, key);

    return connection && connection->accepted_ns == portion->accepted_ns ? connection : NULL;
}

/* Hands a connection, of which identity_of() has been `accepted_ns`, to end_by_call or shut_by_call, which return to nobody. */
static __always_inline int end_connection_by(void *context, const struct connection_key *key, const struct connection *connection,
                                             u64 accepted_ns, u8 ending, u64 now_ns) {
    u32 zero = 0;
    struct portion *portion = bpf_map_lookup_elem(&portions, &zero);

    if (!portion) return 0;
    portion->key = *key;
    portion->accepted_ns = accepted_ns;
    portion->ending = ending;
    portion->threads = (u8)has_threads();
    portion->now_ns = now_ns;
    portion->then = ending == ENDING_SHUT ? PROG_SHUT_BY_CALL : PROG_END_BY_CALL;
    if (response_is_open(connection)) bpf_tail_call(context, &parts, PROG_EXPLAIN_RESPONSE);
    bpf_tail_call(context, &parts, portion->then);
    return 0;
}

/* Hands the portion to stream_bytes. Returns only where the kernel's limit of tail calls is reached. */
static __always_inline int continue_portion(void *context, struct connection *connection,
                                            const struct portion *portion) {
    struct connection_key key = portion->key;

    bpf_tail_call(context, &parts, PROG_STREAM_BYTES);
    count_drop(DROP_PARSE_BUDGET);
    abandon_connection(connection);
    settle_activity(connection, &key, portion->now_ns);
    return 0;
}

#endif

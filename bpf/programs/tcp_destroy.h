/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Observes: what a TCP socket had sent when it ended. A closed socket may be gone before close() returns.
 * Hook: tp_btf/tcp_destroy_sock. Minimum kernel 5.10.
 * Cost: a look at the port for the sockets of others.
 */
#ifndef GUNICORN_BPF_PROGRAMS_TCP_DESTROY_H
#define GUNICORN_BPF_PROGRAMS_TCP_DESTROY_H

#include <bpf/bpf_endian.h>

#include "conn/foreign_bytes.h"

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(tcp_destroy_sock, const struct sock *sk) {
    u32 addresses;
    u64 *ended;

    /* A socket that has ended has no skc_num any more. */
    if (!is_observed_port(bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport)))) return 0;
    addresses = sk->__sk_common.skc_hash;
    ended = ended_socket(addresses);
    if (ended) *ended = (u64)addresses << 32 | BPF_CORE_READ((const struct tcp_sock *)sk, write_seq);
    return 0;
}

#endif

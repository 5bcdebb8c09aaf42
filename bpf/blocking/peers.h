/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The peer at the other end of a socket. */
#ifndef GUNICORN_BPF_BLOCKING_PEERS_H
#define GUNICORN_BPF_BLOCKING_PEERS_H

#include "conn/sockets.h"

enum { UNIX_PATH_AT = 2 }; /* struct sockaddr_un: behind the family */

static __always_inline struct unix_address *unix_address_of_peer(struct sock *sk) {
    struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);

    return peer ? BPF_CORE_READ((struct unix_sock *)peer, addr) : NULL;
}

/* Tells peers apart within one request; never 0. An accepted unix socket has the very address of its listener. */
static __always_inline u64 peer_id(struct sock *sk) {
    u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
    u64 port = BPF_CORE_READ(sk, __sk_common.skc_dport);
    u64 words[2] = {};

    if (family == FAMILY_UNIX) {
        u64 address = (u64)unix_address_of_peer(sk);
        return address ? address : FAMILY_UNIX;
    }
    if (family == FAMILY_INET) words[0] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
    if (family == FAMILY_INET6) bpf_probe_read_kernel(words, sizeof words, &sk->__sk_common.skc_v6_daddr);
    return (words[0] * 31 + words[1]) << 20 ^ port << 4 ^ words[1] ^ family;
}

static __always_inline void describe_unix_peer(struct peer *peer, struct sock *sk) {
    struct unix_address *address = unix_address_of_peer(sk);
    int bytes = address ? BPF_CORE_READ(address, len) - UNIX_PATH_AT : 0;

    if (bytes <= 0) return;
    peer->address_bytes = (u16)bytes;
    bpf_probe_read_kernel(peer->address, at_most((u32)bytes, PEER_ADDRESS_BYTES), &address->name[0].sun_path);
}

static __always_inline void describe_peer(struct peer *peer, struct sock *sk) {
    u16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

    peer->family = BPF_CORE_READ(sk, __sk_common.skc_family);
    peer->port = (u16)(port << 8 | port >> 8);
    peer->address_bytes = 0;
    if (peer->family == FAMILY_UNIX) {
        peer->port = 0;
        describe_unix_peer(peer, sk);
    } else if (peer->family == FAMILY_INET) {
        peer->address_bytes = 4;
        bpf_probe_read_kernel(peer->address, 4, &sk->__sk_common.skc_daddr);
    } else if (peer->family == FAMILY_INET6) {
        peer->address_bytes = 16;
        bpf_probe_read_kernel(peer->address, 16, &sk->__sk_common.skc_v6_daddr);
    }
}

#endif

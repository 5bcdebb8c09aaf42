/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is read of the kernel's sockets. */
#ifndef GUNICORN_BPF_CONN_SOCKETS_H
#define GUNICORN_BPF_CONN_SOCKETS_H

#include "conn/maps.h"
#include "core/kernel_types.h"

enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 }; /* <sys/socket.h> */
enum { PROTOCOL_TCP = 6 };                                    /* <netinet/in.h> */
#define SOCKET_FILE_SYSTEM 0x534f434bul                       /* SOCKFS_MAGIC, <linux/magic.h> */

/* The socket behind an open file, or NULL where it is none. */
static __always_inline struct sock *sock_of(u64 file) {
    struct socket *socket = file ? BPF_CORE_READ((struct file *)file, private_data) : NULL;

    /* Each socket knows its file: what another kind of file has in that place does not lead back. */
    if (!socket || (u64)BPF_CORE_READ(socket, file) != file) return NULL;
    return BPF_CORE_READ(socket, sk);
}

/* SO_REUSEPORT is set on the socket. */
static __always_inline int shares_its_port(u64 file) {
    struct sock *sk = sock_of(file);

    return sk && BPF_CORE_READ_BITFIELD_PROBED(&sk->__sk_common, skc_reuseport) != 0;
}

static __always_inline int is_unix(struct sock *sk) { return BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_UNIX; }

/* Not so of MPTCP, whose sockets are of these families, too. */
static __always_inline int is_tcp(struct sock *sk) {
    u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

    return (family == FAMILY_INET || family == FAMILY_INET6) && BPF_CORE_READ(sk, sk_protocol) == PROTOCOL_TCP;
}

#endif

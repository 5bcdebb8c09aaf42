/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is read of the kernel's sockets. */
#ifndef GUNICORN_BPF_CONN_SOCKETS_H
#define GUNICORN_BPF_CONN_SOCKETS_H

#include "conn/maps.h"
#include "core/kernel_types.h"

enum { FAMILY_UNIX = 1, FAMILY_INET = 2, FAMILY_INET6 = 10 };      /* <sys/socket.h> */
enum { STATE_ESTABLISHED = 1, STATE_SYN_RECEIVED = 3 };            /* <netinet/tcp.h> */
#define SOCKET_FILE_SYSTEM 0x534f434bul                            /* SOCKFS_MAGIC, <linux/magic.h> */

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

static __always_inline u8 *port_cell(u16 port) {
    u32 page = port / PORTS_PER_PAGE;
    struct port_page *some = bpf_map_lookup_elem(&ports, &page);

    return some ? &some->listening[port % PORTS_PER_PAGE] : NULL;
}

static __always_inline void mark_port(u16 port) {
    u8 *cell = port_cell(port);

    if (cell) *cell = 1;
}

static __always_inline int is_listened_on(u16 port) {
    const u8 *cell = port_cell(port);

    return cell && *cell;
}

/* The port of a listening socket, if it has one. */
static __always_inline void mark_port_of(u64 file) {
    struct sock *sk = sock_of(file);
    u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;

    if (family == FAMILY_INET || family == FAMILY_INET6) mark_port(BPF_CORE_READ(sk, __sk_common.skc_num));
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP sockets behind the worker's descriptors. Included only by kernel_side.c, behind the programs. */
#ifndef TESTS_KERNEL_SOCKETS_H
#define TESTS_KERNEL_SOCKETS_H

#include "kernel_world.h"

enum { FIRST_SEQ = 0xfffffff0u /* it overflows soon */, SOCKET_PORT = 8000 };

static struct {
    struct socket socket;
    struct tcp_sock tcp;
} sockets[DESCRIPTORS];

void kernel_make_tcp(int fd) {
    static u32 addresses = 0x1000;
    struct file* file = world.task.files->fdt->fd[fd];
    struct sock* sk = &sockets[fd].tcp.inet_conn.icsk_inet.sk;

    memset(&sockets[fd], 0, sizeof sockets[fd]);
    sk->__sk_common.skc_family = FAMILY_INET;
    sk->__sk_common.skc_num = SOCKET_PORT;
    sk->__sk_common.skc_hash = addresses++;
    sk->sk_protocol = PROTOCOL_TCP;
    sockets[fd].tcp.inet_conn.icsk_inet.inet_sport = bpf_htons(SOCKET_PORT);
    sockets[fd].tcp.write_seq = FIRST_SEQ;
    sockets[fd].socket.file = file;
    sockets[fd].socket.sk = sk;
    file->private_data = &sockets[fd].socket;
}

void kernel_send_unseen(int fd, uint32_t bytes) { sockets[fd].tcp.write_seq += bytes; }

void kernel_end_socket(int fd) {
    struct sock* sk = &sockets[fd].tcp.inet_conn.icsk_inet.sk;
    u64 context[1] = {(u64)sk};

    sk->__sk_common.skc_num = 0;
    tcp_destroy_sock(context);
    memset(&sockets[fd].tcp, 0x5a, sizeof sockets[fd].tcp);
}

void kernel_pass_file(int fd) { world.task.files->fdt->fd[fd]->f_count.counter++; }

void kernel_drop_passed_file(int fd) { sockets[fd].socket.file->f_count.counter--; }

/* What a system call of the worker's has moved. */
static void note_written(uint64_t number, const struct pt_regs* regs, int64_t result) {
    s32 fd = fd_of_call(operations[number], regs);

    if (is_write(operations[number]) && result > 0 && fd >= 0 && fd < DESCRIPTORS)
        sockets[fd].tcp.write_seq += (u32)result;
}

#endif

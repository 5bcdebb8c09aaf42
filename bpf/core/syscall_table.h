/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which system calls matter, and what they do to a connection. */
#ifndef GUNICORN_BPF_CORE_SYSCALL_TABLE_H
#define GUNICORN_BPF_CORE_SYSCALL_TABLE_H

#include <asm/unistd.h>

#include "contract.h"
#include "core/syscall_args.h"

enum operation {
    OP_NONE = 0,
    OP_READ,            /* read(fd, buffer) */
    OP_READ_VECTOR,     /* readv(fd, vector, count) */
    OP_RECEIVE,         /* recvfrom(fd, buffer, size, flags) */
    OP_RECEIVE_MESSAGE, /* recvmsg(fd, message, flags) */
    OP_WRITE,           /* write(fd, buffer), sendto(fd, buffer) */
    OP_WRITE_VECTOR,    /* writev(fd, vector, count) */
    OP_SEND_MESSAGE,    /* sendmsg(fd, message) */
    OP_SENDFILE,        /* sendfile(fd) */
    OP_SPLICE,          /* splice(from, offset, fd) */
    OP_ACCEPT,          /* accept, accept4(listener) = fd */
    OP_CLOSE,           /* close(fd) */
    OP_SHUTDOWN,        /* shutdown(fd, how) */
    OP_DUPLICATE,       /* dup2, dup3(from, fd) */
    OP_DUPLICATE_ANY,   /* dup(from) = fd, fcntl(from, F_DUPFD) */
    OP_LISTEN,          /* listen(fd) */
    OP_CONNECT,         /* connect(fd) */
    OP_GETPID,          /* getpid(): called for each record of Python's logging module */
    OP_POLL,            /* epoll_wait and its kin: an event loop's turn is over */
    OP_WATCH,           /* epoll_ctl(instance, operation, fd) */
    OP_IO_URING,        /* io_uring_setup, io_uring_enter */
    OP_UNSUPPORTED,     /* sendmmsg, recvmmsg: not used for HTTP */
};

#define OPERATIONS 512

static const u8 operations[OPERATIONS] = {
    [__NR_read] = OP_READ,
    [__NR_readv] = OP_READ_VECTOR,
    [__NR_recvfrom] = OP_RECEIVE,
    [__NR_recvmsg] = OP_RECEIVE_MESSAGE,
    [__NR_write] = OP_WRITE,
    [__NR_sendto] = OP_WRITE,
    [__NR_writev] = OP_WRITE_VECTOR,
    [__NR_sendmsg] = OP_SEND_MESSAGE,
    [__NR_sendfile] = OP_SENDFILE,
    [__NR_splice] = OP_SPLICE,
    [__NR_accept] = OP_ACCEPT,
    [__NR_accept4] = OP_ACCEPT,
    [__NR_close] = OP_CLOSE,
    [__NR_shutdown] = OP_SHUTDOWN,
#ifdef __NR_dup2
    [__NR_dup2] = OP_DUPLICATE,
#endif
    [__NR_dup3] = OP_DUPLICATE,
    [__NR_dup] = OP_DUPLICATE_ANY,
    [__NR_fcntl] = OP_DUPLICATE_ANY,
    [__NR_listen] = OP_LISTEN,
    [__NR_connect] = OP_CONNECT,
    [__NR_getpid] = OP_GETPID,
#ifdef __NR_epoll_wait
    [__NR_epoll_wait] = OP_POLL,
#endif
    [__NR_epoll_pwait] = OP_POLL,
#ifdef __NR_epoll_pwait2
    [__NR_epoll_pwait2] = OP_POLL,
#endif
    [__NR_epoll_ctl] = OP_WATCH,
    [__NR_io_uring_setup] = OP_IO_URING,
    [__NR_io_uring_enter] = OP_IO_URING,
    [__NR_sendmmsg] = OP_UNSUPPORTED,
    [__NR_recvmmsg] = OP_UNSUPPORTED,
};

static __always_inline int is_write(u8 operation) { return operation >= OP_WRITE && operation <= OP_SPLICE; }

static __always_inline int is_read(u8 operation) { return operation >= OP_READ && operation <= OP_RECEIVE_MESSAGE; }

/* The descriptor that the call has moved bytes on, or whose meaning it has changed. */
static __always_inline s32 fd_of_call(u8 operation, const struct pt_regs *regs) {
    if (operation == OP_DUPLICATE) return (s32)CALL_ARGUMENT_1(regs);
    return (s32)(operation == OP_SPLICE ? CALL_ARGUMENT_2(regs) : CALL_ARGUMENT_0(regs));
}

#endif

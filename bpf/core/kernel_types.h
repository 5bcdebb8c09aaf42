/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The few kernel structures that are read, with the few fields that are needed. Every access is relocated
 * against the running kernel's BTF (CO-RE), so the order and the rest of each structure do not matter.
 * Names as in Linux 5.10 to 6.18.
 */
#ifndef GUNICORN_BPF_CORE_KERNEL_TYPES_H
#define GUNICORN_BPF_CORE_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    int counter;
} atomic_t;

struct super_block {
    unsigned int s_dev;
    unsigned long s_magic;
};

struct inode {
    unsigned short i_mode;
    unsigned long i_ino;
    struct super_block *i_sb;
};

typedef struct {
    long counter;
} atomic_long_t;

struct file {
    struct inode *f_inode;
    void *private_data;    /* of a socket: struct socket * */
    atomic_long_t f_count; /* up to Linux 6.12: how many hold it */
};

typedef struct {
    atomic_long_t refcnt;
} file_ref_t;

struct file___from_6_13 {
    file_ref_t f_ref;
};

struct vm_area_struct {
    unsigned long vm_start;
    struct file *vm_file; /* NULL: anonymous memory */
};

struct in6_addr {
    unsigned char bytes[16];
};

struct sock_common {
    unsigned int skc_hash;    /* of both addresses and ports, with a secret; stays when the socket is closed */
    unsigned int skc_daddr;   /* the peer's, in network order */
    unsigned short skc_dport; /* the peer's, in network order */
    unsigned short skc_num;   /* the local port */
    unsigned short skc_family;
    unsigned char skc_reuse : 4;
    unsigned char skc_reuseport : 1;
    struct in6_addr skc_v6_daddr;
};

struct sk_buff_head {
    unsigned int qlen;
};

struct upid {
    int nr;
};

struct pid {
    struct upid numbers[1]; /* the first is the initial PID namespace's */
};

struct sock {
    struct sock_common __sk_common;
    unsigned short sk_protocol;
    struct pid *sk_peer_pid;              /* of a unix client's end: the process that called listen() last */
    struct sk_buff_head sk_receive_queue; /* of a unix listener: connections that wait for accept() */
    unsigned int sk_ack_backlog;          /* of a TCP listener: connections that wait for accept() */
    unsigned int sk_max_ack_backlog;
    atomic_t sk_drops;
};

struct inet_sock {
    struct sock sk;
    unsigned short inet_sport; /* the local port, in network order */
};

struct inet_connection_sock {
    struct inet_sock icsk_inet;
    struct {
        unsigned int lrcvtime; /* in jiffies: when the last data came */
    } icsk_ack;
};

struct tcp_sock {
    struct inet_connection_sock inet_conn;
    unsigned int write_seq;        /* up to here bytes were taken for the peer; an end of stream is one, too */
    unsigned long long tcp_mstamp; /* microseconds of CLOCK_MONOTONIC: when the last packet came or went */
    unsigned int rcv_nxt;          /* up to here the client's bytes have come */
    unsigned int copied_seq;       /* up to here they were read */
    unsigned int rcv_wnd;
    unsigned int data_segs_in; /* segments with data that came, also twice */
    struct {
        unsigned long long time; /* likewise: when the first data came; of later data after each whole window */
    } rcv_rtt_est;
    struct {
        unsigned long long time; /* likewise: when it was established, until user space reads from it */
    } rcvq_space;
};

struct sockaddr_un {
    unsigned short sun_family;
    char sun_path[108];
};

struct unix_address {
    int len; /* of what is used of `name` */
    struct sockaddr_un name[];
};

struct unix_sock {
    struct unix_address *addr; /* NULL: it has no name */
    struct sock *peer;
};

struct socket {
    struct file *file;
    struct sock *sk;
};

struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};

struct files_struct {
    struct fdtable *fdt;
};

struct signal_struct {
    atomic_t live; /* threads that have not ended */
};

struct kernel_siginfo {
    int si_signo;
    int si_errno;
    int si_code;
};

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
    unsigned long fsbase; /* user space's fs: glibc and musl keep pthread_self() there */
};
#endif

struct sched_info {
    unsigned long long last_arrival; /* on a processor, by the scheduler's clock; needs CONFIG_SCHED_INFO */
};

struct thread_info {
    unsigned long flags;
#if defined(__TARGET_ARCH_x86)
    unsigned int status; /* TS_COMPAT and others */
#endif
};

struct task_struct {
    struct thread_info thread_info;
    unsigned int __state;
    unsigned int flags; /* PF_EXITING and others */
    int pid;            /* the thread's id, in the initial PID namespace */
    int tgid;           /* the process's id */
    int exit_code;
    struct sched_info sched_info;
    struct task_struct *real_parent;
    struct files_struct *files;
    struct signal_struct *signal;
#if defined(__TARGET_ARCH_x86)
    struct thread_struct thread;
#endif
};

struct task_struct___before_5_14 {
    long state;
};

struct seq_file;

struct bpf_iter_meta {
    struct seq_file *seq;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    unsigned int fd;
    struct file *file;
};

struct bpf_iter__task_vma {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    struct vm_area_struct *vma;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
    unsigned long orig_ax; /* the system call's number */
    unsigned long di, si, dx, r10, ip;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
    unsigned long regs[31];
    unsigned long orig_x0;
    unsigned long pc;
    int syscallno;
};
#else
#error "this architecture's system call registers are not described yet"
#endif

#pragma clang attribute pop

#endif

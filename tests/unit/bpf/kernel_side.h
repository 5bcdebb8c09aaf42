/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF programs compiled for user space: system calls go in as their registers, totals and records come out.
 * Valid C and C++. There is one such kernel per test process, as there is one behind the programs.
 */
#ifndef TESTS_KERNEL_SIDE_H
#define TESTS_KERNEL_SIDE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one observed process. */
enum { WORKER_TGID = 100, WORKER_SLOT = 1, CHILD_TGID = 200, DESCRIPTORS = 64, KERNEL_RAISE_PLACES = 8 };

struct kernel_limits {
    uint32_t connections; /* entries of the map */
    uint32_t pipelined;
    uint32_t records; /* that find room in the ring */
    uint32_t threads; /* entries of the map; 0: requests are not traced */
};

/* Everything as after loading: maps empty, descriptors closed, the clock at 1 s, the worker observed. */
void kernel_reset(struct kernel_limits limits);

/* Only what tells of a failure is recorded, as unless requests are traced or counted by route. */
void kernel_record_failures_only(void);

/* CLOCK_MONOTONIC, nanoseconds. */
void kernel_set_clock(uint64_t now_ns);

/* Puts an open file with this inode behind a descriptor; inode 0 closes it. Each call is another open file. */
void kernel_set_file(int fd, uint64_t inode);

/* The open file behind a descriptor is a TCP socket. Calls of the worker's that write are known to it; what somebody
 * else sends is told here; it ends, and its memory is another's; and another process holds it, and does not any more.
 */
void kernel_make_tcp(int fd);
void kernel_send_unseen(int fd, uint32_t bytes);
void kernel_end_socket(int fd);
void kernel_pass_file(int fd);
void kernel_drop_passed_file(int fd);
void kernel_add_listener(uint64_t inode);

/* Runs sys_exit as for a system call of the worker that returned `result`. */
void kernel_system_call(uint64_t number, const uint64_t arguments[4], int64_t result);

/* Runs sys_enter as for a read of the worker. */
void kernel_enter_read(uint64_t number, int fd);

/* Of the worker's master: enum concurrency. */
void kernel_set_concurrency(uint32_t concurrency);

/* The worker's thread, as the scheduler's hooks see it: it begins a system call, leaves its processor in this state
 * (TASK_*; 0: it could go on), is woken up, comes back; it ends. */
void kernel_enter_call(uint64_t number, const uint64_t arguments[3]);
void kernel_switch_out(uint32_t state, int preempted);
void kernel_wake_up(void);
void kernel_switch_in(void);
void kernel_switch_in_unseen(void); /* the hook does not run */
void kernel_forget_scheduler(void); /* as if no switch had been seen so far */
void kernel_end_thread(void);
/* It begins to collect garbage, or has ended: what the probes in an interpreter call. */
void kernel_collect(int begins);
size_t kernel_clocks(void);
size_t kernel_traced(void);

/* The programs that user space runs. `ended_by`: enum ended_by. */
void kernel_end_connections(uint32_t ended_by); /* all that are left */
void kernel_adopt_connection(int fd, uint64_t inode);

/* The Python of the worker's master (struct python), what pthread_self() returns in the calling thread, and its id: by
 * default that of the process. */
void kernel_set_python(const void* python);
void kernel_set_thread(uint64_t id);
void kernel_set_task(uint32_t tid);

/* PyTraceBack_Here(frame) is called by the current thread. */
void kernel_raise(const void* frame);

/* struct worker_totals of the worker. */
const void* kernel_totals(void);
uint64_t kernel_drops(uint32_t reason);
size_t kernel_open_connections(void);
size_t kernel_pipelined_requests(void);
size_t kernel_closing_conns(void);
uint64_t kernel_alt_conns(void);

/* Another thread is in the middle of ending the descriptor's connection; and it has gone on. */
void kernel_begin_close(int fd);
void kernel_finish_close(int fd);

/* A descriptor of the current process means the file of another one, too; the worker has forked; what follows is done
 * by that process; the child ends. */
void kernel_duplicate_file(int from, int to);
void kernel_fork(void);
void kernel_set_process(uint32_t tgid); /* WORKER_TGID or CHILD_TGID */
void kernel_end_child(void);

/* What user space asks for several times a second; and how many connections it looks after. */
void kernel_end_closed_connections(void);
uint64_t kernel_conns_of_files(void);

/* Calls back once, behind the next look at a descriptor: what other threads do while the present one is held up there.
 */
void kernel_interrupt(void (*call)(void* argument), void* argument);

/* The same in front of the next run of end_by_call, on another processor. */
void kernel_interrupt_end(void (*call)(void* argument), void* argument);

/* The same in front of the `run`th program that the next calls reach by tail calls, counted from 1, but on the same
 * processor: the scratch is used by both. */
void kernel_preempt(int run, void (*call)(void* argument), void* argument);

/* What is known of an open connection: `queued` requests begun and not answered, and per direction (0 client, 1
 * server) whether a message has begun, and whether the bytes are looked at no more. False: not tracked. */
struct kernel_connection {
    uint32_t queued;
    uint8_t inside[2];
    uint8_t ignored[2];
    uint8_t client_head_done;
};
int kernel_find_connection(int fd, struct kernel_connection* out);

/* Called for each record that the programs submit: contract.h. To be defined by the user of this header. */
void on_kernel_record(const void* bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif

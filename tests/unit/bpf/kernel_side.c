/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_side.h"

#include <stdio.h>
#include <string.h>

#include "bpf_fake.h"

/* The registers of a system call as core/kernel_types.h describes them for x86; the test puts them there itself. */
#define __TARGET_ARCH_x86

/* A constant of the programs that the tests want otherwise: as this macro expands, its definition in core/config.h
 * defines a pointer, and its use reads what the pointer leads to. */
#define record_every_response *every_response
#define watch_raises *watches_raises
#define trace_requests *tracing
#define conn_places *places
#define raise_places *remembered_raises
#define __noinline __attribute__((noinline))

#include "programs/conn_close.h"
#include "programs/explain_abort.h"
#include "programs/explain_response.h"
#include "programs/listen.h"
#include "programs/log_record.h"
#include "programs/pass_bulk.h"
#include "programs/pass_messages.h"
#include "programs/print_traceback.h"
#include "programs/process.h"
#include "programs/queue_wait.h"
#include "programs/read_frames.h"
#include "programs/recover_call.h"
#include "programs/sched.h"
#include "programs/stream_bytes.h"
#include "programs/sys_exit.h"
#include "programs/tcp_destroy.h"
#include "programs/uprobe_traceback.h"

#undef record_every_response
#undef watch_raises
#undef trace_requests
#undef conn_places
#undef raise_places

enum { TAIL_CALL_LIMIT = 33 }; /* MAX_TAIL_CALL_CNT */
enum { SCHEDULER_IS_BEHIND_NS = 123456789 };
enum { SOMEBODY = 1 }; /* a thread that no test runs */

#include "kernel_sockets.h"

static void run_meanwhile(void (*call)(void*)) {
    struct io_ctx* io = scratch_here();
    struct io_ctx own = *io;
    uint32_t taken = world.tail_calls;

    world.interrupt_end = NULL;
    call(world.interrupted);
    *io = own;
    world.tail_calls = taken;
}

static void preempt(void) {
    uint32_t taken = world.tail_calls;
    int thread = world.task.pid;

    world.preempt(world.interrupted);
    world.tail_calls = taken;
    world.task.pid = thread;
}

int run_part(uint32_t index, unsigned long long* context) {
    if (world.preempt_at && !--world.preempt_at) preempt();
    if (index == PROG_END_BY_CALL && world.interrupt_end) run_meanwhile(world.interrupt_end);
    if (index == PROG_STREAM_BYTES) return stream_bytes(context);
    if (index == PROG_EXPLAIN_RESPONSE) return explain_response(context);
    if (index == PROG_EXPLAIN_ABORT) return explain_abort(context);
    if (index == PROG_FINISH_EXPLAINED) return finish_explained(context);
    if (index == PROG_PASS_MESSAGES) return pass_messages(context);
    if (index == PROG_PASS_BULK) return pass_bulk(context);
    if (index == PROG_END_LOST_RESPONSE) return end_lost_response(context);
    if (index == PROG_READ_LOG_RECORD) return read_log_record(context);
    if (index == PROG_READ_PRINTED) return read_printed(context);
    if (index == PROG_NOTE_LISTENER) return note_listener(context);
    if (index == PROG_READ_FRAMES) return read_frames(context);
    if (index == PROG_RECOVER_CALL) return recover_call(context);
    return index == PROG_END_BY_CALL ? end_by_call(context) : shut_by_call(context);
}

void kernel_reset(struct kernel_limits limits) {
    static const unsigned char yes = 1;
    static const unsigned char no = 0;
    static const unsigned long long no_shares = 1 << 20; /* the map itself is the limit */
    static const unsigned int few_raises = KERNEL_RAISE_PLACES;
    slot_t slot = WORKER_SLOT;

    memset(&world, 0, sizeof world);
    alt_conns = conns_of_files = 0;
    kernel_forget_scheduler();
    world.now_ns = 1000000000;
    world.records_left = limits.records;
    world.table.max_fds = DESCRIPTORS;
    world.table.fd = world.open;
    world.descriptors.fdt = &world.table;
    world.childs_table.max_fds = DESCRIPTORS;
    world.childs_table.fd = world.of_child;
    world.childs_descriptors.fdt = &world.childs_table;
    world.task.files = &world.descriptors;
    world.task.signal = &world.signal;
    world.signal.live.counter = 2; /* as of a process with threads */
    every_response = &yes;
    places = &no_shares;
    tracked_conns = 0;
    remembered_raises = &few_raises;
    raises_added = raises_before_half = raise_half_ns[0] = raise_half_ns[1] = 0;
    watches_raises = &yes;
    tracing = limits.threads ? &yes : &no;
    world.task.pid = world.task.tgid = WORKER_TGID;
    maps_clear();
    map_set_limit(&clocks, limits.threads);
    map_set_limit(&traced, limits.connections);
    map_set_limit(&connections, limits.connections);
    map_set_limit(&pipelined, limits.pipelined);
    map_set_limit(&raises, 8 * KERNEL_RAISE_PLACES); /* the fake evicts nothing */
    map_push(&free_slots, &slot, sizeof slot);
    if (take_slot(WORKER_TGID, ROLE_WORKER, 0, world.now_ns) != WORKER_SLOT) abort();
}

void kernel_record_failures_only(void) {
    static const unsigned char no = 0;

    every_response = &no;
}

void kernel_set_clock(uint64_t now_ns) { world.now_ns = now_ns; }

static void put_file(int fd) {
    struct file** files = world.task.files->fdt->fd;

    if (files[fd]) files[fd]->f_count.counter--;
    files[fd] = NULL;
}

void kernel_set_file(int fd, uint64_t inode) {
    struct file* file = NULL;

    if (inode) {
        file = &world.files[2 * fd + (world.turn[fd] ^= 1)].file;
        file->f_inode = &world.inodes[2 * fd + world.turn[fd]];
        file->f_inode->i_ino = inode;
        file->f_count.counter = 1;
        file->private_data = NULL;
    }
    put_file(fd);
    world.task.files->fdt->fd[fd] = file;
}

void kernel_duplicate_file(int from, int to) {
    struct file** files = world.task.files->fdt->fd;

    put_file(to);
    files[to] = files[from];
    files[to]->f_count.counter++;
}

void kernel_fork(void) {
    struct task_struct child = {.pid = CHILD_TGID, .tgid = CHILD_TGID};
    u64 context[2] = {(u64)&world.task, (u64)&child};

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        world.of_child[fd] = world.open[fd];
        if (world.open[fd]) world.open[fd]->f_count.counter++;
    }
    sched_process_fork(context);
}

void kernel_set_process(uint32_t tgid) {
    world.task.pid = world.task.tgid = (int)tgid;
    world.task.files = tgid == CHILD_TGID ? &world.childs_descriptors : &world.descriptors;
}

void kernel_end_child(void) {
    struct task_struct child = {.pid = CHILD_TGID, .tgid = CHILD_TGID, .signal = &world.no_thread};
    u64 context[1] = {(u64)&child};

    sched_process_exit(context);
    kernel_set_process(CHILD_TGID);
    for (int fd = 0; fd < DESCRIPTORS; fd++) kernel_set_file(fd, 0);
    kernel_set_process(WORKER_TGID);
}

static void end_one_if_closed(const void* at, void* argument) {
    const struct connection_key* key = at;
    struct raw_arguments arguments = {{key->slot, (u64)key->fd, world.now_ns}};

    (void)argument;
    if (is_key_of_file(key)) end_if_closed((struct bpf_raw_tracepoint_args*)&arguments);
}

void kernel_end_closed_connections(void) { map_keys(&connections, end_one_if_closed, NULL); }

uint64_t kernel_conns_of_files(void) { return conns_of_files; }

void kernel_add_listener(uint64_t inode) {
    slot_t slot = WORKER_SLOT;

    bpf_map_lookup_elem(&listeners, &slot)->found[0] = inode;
}

void kernel_system_call(uint64_t number, const uint64_t arguments[4], int64_t result) {
    struct pt_regs regs = {
        .orig_ax = number, .di = arguments[0], .si = arguments[1], .dx = arguments[2], .r10 = arguments[3]};
    u64 context[2] = {(u64)&regs, (u64)result};

    note_written(number, &regs, result);
    world.tail_calls = 0;
    sys_exit(context);
}

void kernel_enter_read(uint64_t number, int fd) {
    struct pt_regs regs = {.orig_ax = number, .di = (u64)fd};
    u64 context[2] = {(u64)&regs, number};

    sys_enter(context);
}

void kernel_set_concurrency(uint32_t concurrency) {
    slot_t master = 0; /* as kernel_reset() has it */

    bpf_map_lookup_elem(&processes, &master)->concurrency = concurrency;
}

void kernel_enter_call(uint64_t number, const uint64_t arguments[3]) {
    struct pt_regs regs = {.orig_ax = number, .di = arguments[0], .si = arguments[1], .dx = arguments[2]};
    u64 context[2] = {(u64)&regs, number};

    trace_enter(context);
}

void kernel_switch_out(uint32_t state, int preempted) {
    struct task_struct idle = {.pid = 0};
    u64 context[3] = {(u64)preempted, (u64)&world.task, (u64)&idle};

    world.task.__state = state;
    trace_switch(context);
}

void kernel_wake_up(void) {
    u64 context[1] = {(u64)&world.task};

    world.task.__state = 0;
    trace_wakeup(context);
}

/* The scheduler writes it down after its tracepoint, by a clock of its own. */
void kernel_switch_in_unseen(void) { world.task.sched_info.last_arrival = world.now_ns - SCHEDULER_IS_BEHIND_NS; }

void kernel_forget_scheduler(void) { clock_offset_ns = 0; }

void kernel_switch_in(void) {
    struct task_struct idle = {.pid = 0};
    u64 context[3] = {0, (u64)&idle, (u64)&world.task};

    trace_switch(context);
    kernel_switch_in_unseen();
}

void kernel_end_thread(void) {
    u64 context[1] = {(u64)&world.task};

    trace_exit(context);
}

void kernel_collect(int begins) { trace_gc(begins); }

size_t kernel_clocks(void) { return map_size(&clocks); }
size_t kernel_traced(void) { return map_size(&traced); }

static void end_one(const void* at, void* by) {
    const struct connection_key* key = at;
    struct raw_arguments arguments = {{key->slot, (u64)key->fd, *(const uint32_t*)by, world.now_ns}};

    end_connection((struct bpf_raw_tracepoint_args*)&arguments);
}

void kernel_end_connections(uint32_t by) { map_keys(&connections, end_one, &by); }

void kernel_adopt_connection(int fd, uint64_t inode) {
    struct raw_arguments arguments = {{WORKER_SLOT, (u64)fd, inode}};

    adopt_connection((struct bpf_raw_tracepoint_args*)&arguments);
}

void kernel_set_python(const void* python) {
    slot_t master = 0; /* as kernel_reset() has it */

    *bpf_map_lookup_elem(&pythons, &master) = *(const struct python*)python;
}

void kernel_raise(const void* frame) {
    struct pt_regs regs = {.di = (u64)frame};

    see_raise(&regs);
}

void kernel_set_thread(uint64_t id) { world.task.thread.fsbase = id; }

void kernel_set_task(uint32_t tid) { world.task.pid = (int)tid; }

const void* kernel_totals(void) {
    slot_t slot = WORKER_SLOT;
    return bpf_map_lookup_elem(&totals, &slot);
}

uint64_t kernel_drops(uint32_t reason) {
    u64* count = bpf_map_lookup_elem(&drops, &reason);
    return count ? *count : 0;
}

size_t kernel_open_connections(void) { return map_size(&connections); }
size_t kernel_pipelined_requests(void) { return map_size(&pipelined); }
size_t kernel_closing_conns(void) { return map_size(&closing_conns); }
uint64_t kernel_alt_conns(void) { return alt_conns; }

void kernel_begin_close(int fd) {
    struct connection_key key = {.slot = WORKER_SLOT, .fd = fd};
    const struct connection* connection = bpf_map_lookup_elem(&connections, &key);
    struct conn_end end = {.accepted_ns = connection->accepted_ns, .owner = SOMEBODY};

    if (bpf_map_update_elem(&closing_conns, &key, &end, BPF_NOEXIST)) abort();
}

void kernel_finish_close(int fd) {
    struct connection_key key = {.slot = WORKER_SLOT, .fd = fd};

    finish_connection(bpf_map_lookup_elem(&connections, &key), &key, BY_SERVER, world.now_ns);
    bpf_map_delete_elem(&closing_conns, &key);
}

void kernel_interrupt(void (*call)(void* argument), void* argument) {
    world.interrupt = call;
    world.interrupted = argument;
}

void kernel_preempt(int run, void (*call)(void* argument), void* argument) {
    world.preempt_at = run;
    world.preempt = call;
    world.interrupted = argument;
}

void kernel_interrupt_end(void (*call)(void* argument), void* argument) {
    world.interrupt_end = call;
    world.interrupted = argument;
}

int kernel_find_connection(int fd, struct kernel_connection* out) {
    struct connection_key key = {.slot = WORKER_SLOT, .fd = fd};
    struct connection* connection = bpf_map_lookup_elem(&connections, &key);

    if (!connection) return 0;
    out->queued = connection->queued;
    for (int direction = 0; direction < 2; direction++) {
        u8 phase = connection->streams[direction].phase;
        out->inside[direction] = phase != PHASE_IDLE && phase != PHASE_IGNORED;
        out->ignored[direction] = phase == PHASE_IGNORED;
    }
    out->client_head_done = (connection->streams[FROM_CLIENT].flags & STREAM_HEAD_DONE) != 0;
    return 1;
}

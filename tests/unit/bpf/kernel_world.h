/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs see of the kernel, and what its helpers do here. Included only by kernel_side.c, behind the
 * programs. */
#ifndef TESTS_KERNEL_WORLD_H
#define TESTS_KERNEL_WORLD_H

struct raw_arguments {
    u64 args[4];
};

/* As far from the next one as open files are at least. */
struct place {
    struct file file;
} __attribute__((aligned(64)));

static struct {
    uint64_t now_ns;
    uint32_t tail_calls;
    uint32_t records_left;
    size_t record_bytes;
    struct inode inodes[2 * DESCRIPTORS];
    struct place files[2 * DESCRIPTORS]; /* two per descriptor, in turn, so that a reused one differs */
    struct file* open[DESCRIPTORS];
    uint8_t turn[DESCRIPTORS];
    struct fdtable table;
    struct files_struct descriptors;
    struct file* of_child[DESCRIPTORS];
    struct fdtable childs_table;
    struct files_struct childs_descriptors;
    struct signal_struct signal;
    struct signal_struct no_thread;
    struct task_struct task;
    void (*interrupt)(void*);
    void* interrupted;
    void (*interrupt_end)(void*);
    void (*preempt)(void*);
    int preempt_at; /* how many programs to go, this one included; 0: none */
} world;

uint64_t bpf_ktime_get_ns(void) { return world.now_ns; }
uint64_t bpf_jiffies64(void) { return world.now_ns / tick_ns; }
uint64_t bpf_get_current_pid_tgid(void) { return (uint64_t)world.task.tgid << 32 | (uint32_t)world.task.pid; }
uint64_t bpf_get_current_task(void) { return (uint64_t)&world.task; }
struct task_struct* bpf_get_current_task_btf(void) { return &world.task; }

void* bpf_ringbuf_reserve(const void* ring, uint64_t size, uint64_t flags) {
    (void)ring, (void)flags;
    if (!world.records_left) return NULL;
    world.records_left--;
    world.record_bytes = size;
    return malloc(size);
}

void bpf_ringbuf_discard(void* record, uint64_t flags) {
    (void)flags;
    free(record);
}

void bpf_ringbuf_submit(void* record, uint64_t flags) {
    (void)flags;
    on_kernel_record(record, world.record_bytes);
    free(record);
}

int bpf_probe_read_kernel(void* to, uint32_t size, const void* from) {
    void (*interrupt)(void*) = world.interrupt;

    memcpy(to, from, size);
    world.interrupt = NULL;
    if (interrupt) interrupt(world.interrupted);
    return 0;
}

int takes_tail_call(void) { return world.tail_calls++ < TAIL_CALL_LIMIT; }

#endif

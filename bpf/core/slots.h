/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Observed processes: from pid to slot, taking and clearing slots, open files of the current process. */
#ifndef GUNICORN_BPF_CORE_SLOTS_H
#define GUNICORN_BPF_CORE_SLOTS_H

#include "core/kernel_types.h"
#include "core/maps.h"
#include "core/record.h"

/* The cell that holds the slot of a process, or NULL beyond pid_max. */
static __always_inline u16 *slot_cell(u32 tgid) {
    u32 page = tgid / SLOTS_PER_PAGE;
    struct slot_page *slots = bpf_map_lookup_elem(&slot_pages, &page);

    return slots ? &slots->slots[tgid % SLOTS_PER_PAGE] : NULL;
}

/* The slot in a cell; 0: the process has none. */
static __always_inline slot_t slot_in(u32 cell) { return cell & SLOT_OF_CHILD ? 0 : cell; }

static __always_inline u32 cell_of(u32 tgid) {
    u16 *cell = slot_cell(tgid);

    return cell ? *cell : 0;
}

static __always_inline slot_t slot_of(u32 tgid) { return slot_in(cell_of(tgid)); }

static __always_inline void clear_slot(u32 tgid) {
    u16 *cell = slot_cell(tgid);

    if (cell) *cell = 0;
}

/* Takes a slot for a process. 0: there is none; counted. */
static __always_inline slot_t take_slot(u32 tgid, u32 role, slot_t parent, u64 now_ns) {
    u16 *cell = slot_cell(tgid);
    slot_t slot = 0;
    struct process *process;

    if (!cell) {
        count_drop(DROP_PID_RANGE);
        return 0;
    }
    if (bpf_map_pop_elem(&free_slots, &slot)) {
        count_drop(DROP_SLOTS_FULL);
        return 0;
    }
    process = bpf_map_lookup_elem(&processes, &slot);
    if (!process) return 0;
    process->tgid = tgid;
    process->role = role;
    process->parent_slot = parent;
    process->concurrency = CONCURRENCY_OF_REQUESTS;
    process->born_ns = now_ns;
    process->forked_ns = 0;
    process->uses_io_uring = 0;
    *cell = (u16)slot;
    return slot;
}

/* bpf_get_current_task_btf() exists since Linux 5.11: fields behind it are read by plain loads, where each step of
 * BPF_CORE_READ is a call. What a kernel lacks is cut out when the program is loaded. */
#define HAS_TYPED_TASK bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)

/* The open file behind a descriptor of the current process, or 0. */
static __always_inline u64 file_of(s32 fd) {
    struct file *file = NULL;
    struct file **files;
    u32 count;

    if (HAS_TYPED_TASK) {
        struct fdtable *table = bpf_get_current_task_btf()->files->fdt;
        files = table->fd;
        count = table->max_fds;
    } else {
        struct task_struct *task = (struct task_struct *)bpf_get_current_task();
        struct fdtable *table = BPF_CORE_READ(task, files, fdt);
        files = BPF_CORE_READ(table, fd);
        count = BPF_CORE_READ(table, max_fds);
    }
    if ((u32)fd >= count) return 0;
    bpf_probe_read_kernel(&file, sizeof file, &files[fd]);
    return (u64)file;
}

/* The current process has more threads than this one. */
static __always_inline int has_threads(void) {
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();

    if (HAS_TYPED_TASK) return bpf_get_current_task_btf()->signal->live.counter > 1;
    return BPF_CORE_READ(task, signal, live.counter) > 1;
}

static __always_inline u64 inode_of(u64 file) { return file ? BPF_CORE_READ((struct file *)file, f_inode, i_ino) : 0; }

/* Someone holds the file; without `inode`, that of a socket, its memory may be another file's by now. From Linux 6.13 on the count is
 * one less than the holders, and negative without any (include/linux/file_ref.h). */
static __always_inline int is_open(u64 file, u64 inode) {
    if (!file || inode_of(file) != inode) return 0;
    if (bpf_core_field_exists(((struct file *)file)->f_count))
        return BPF_CORE_READ((struct file *)file, f_count.counter) > 0;
    return BPF_CORE_READ((const struct file___from_6_13 *)file, f_ref.refcnt.counter) >= 0;
}

#endif

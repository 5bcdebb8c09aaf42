/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which inodes are behind the files that the exporter itself has mapped. Hook: iter/task_vma (Linux 5.12; not loaded
 * before), run when user space reads it. User space maps a target's file for this and never touches the memory.
 *
 * stat() of a file on overlayfs has the device of that mount, and so has /proc/<pid>/maps since Linux 6.8; a uprobe is placed on
 * the inode of the layer below, which all containers of one image share. The kernel's own mapping shows that inode.
 */
#ifndef GUNICORN_BPF_PROGRAMS_ITER_MAPPINGS_H
#define GUNICORN_BPF_PROGRAMS_ITER_MAPPINGS_H

#include "core/platform.h"

SEC("iter/task_vma")
int read_mappings(struct bpf_iter__task_vma *context) {
    struct task_struct *task = context->task;
    struct vm_area_struct *vma = context->vma;
    struct mapped_file mapped = {};
    struct file *file;

    if (!task || !vma) return 0;
    /* Linux before 6.1 visits every process. */
    if ((u32)task->tgid != bpf_get_current_pid_tgid() >> 32) return 0;
    file = vma->vm_file;
    if (!file) return 0;
    mapped.start = vma->vm_start;
    mapped.object = (u64)BPF_CORE_READ(file, f_inode);
    mapped.inode = BPF_CORE_READ(file, f_inode, i_ino);
    mapped.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
    bpf_seq_write(context->meta->seq, &mapped, sizeof mapped);
    return 0;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which sockets an observed process listens on. */
#ifndef GUNICORN_BPF_CONN_LISTENERS_H
#define GUNICORN_BPF_CONN_LISTENERS_H

#include "conn/maps.h"
#include "core/slots.h"

static __always_inline int listens_on(slot_t slot, u64 inode) {
    const struct listener_table *table = bpf_map_lookup_elem(&listeners, &slot);

    if (!table || !inode) return 0;
    for (u32 i = 0; i < LISTENERS_PER_SLOT; i++)
        if (table->inodes[i] == inode || table->found[i] == inode) return 1;
    return 0;
}

/* What the current process listens on no more. A socket that it holds by another descriptor by now is forgotten, too: nobody
 * moves a descriptor after listen(). */
static __always_inline void forget_closed_listeners(struct listener_table *table) {
    for (u32 i = 0; i < LISTENERS_PER_SLOT; i++) {
        u64 inode = table->inodes[i];

        if (inode && inode_of(file_of(table->fds[i])) != inode) table->inodes[i] = 0;
    }
}

/* The first free place; LISTENERS_PER_SLOT: there is none. */
static __always_inline u32 free_place(const struct listener_table *table) {
    for (u32 i = 0; i < LISTENERS_PER_SLOT; i++)
        if (!table->inodes[i]) return i;
    return LISTENERS_PER_SLOT;
}

/* The current process, which has the slot, listens on `fd`. */
static __always_inline void add_listener(slot_t slot, s32 fd, u64 inode) {
    struct listener_table *table = bpf_map_lookup_elem(&listeners, &slot);
    u32 place;

    if (!table) return;
    forget_closed_listeners(table);
    if (listens_on(slot, inode)) return;
    place = free_place(table);
    if (place >= LISTENERS_PER_SLOT) {
        count_drop(DROP_LISTENERS_FULL);
        return;
    }
    table->fds[place] = fd;
    table->inodes[place] = inode;
}

#endif

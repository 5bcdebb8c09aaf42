/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF maps for programs compiled for user space, told apart by their address: arrays exist from the start and are
 * zero, hash maps have a limit and give the memory of a deleted entry to the next one, queues are first in, first out.
 * Valid C and C++.
 */
#ifndef TESTS_MAP_FAKE_H
#define TESTS_MAP_FAKE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct map_shape {
    const void* map;
    uint32_t type; /* enum bpf_map_type */
    uint32_t max_entries;
    uint32_t key_bytes;
    uint32_t value_bytes;
};

void maps_clear(void);
/* Overrides what a map's definition says, until maps_clear(). */
void map_set_limit(const void* map, uint32_t entries);

/* As the helpers of the same name: NULL, or non-zero for failure. */
void* map_lookup(struct map_shape shape, const void* key);
int map_update(struct map_shape shape, const void* key, const void* value, uint64_t flags);
int map_delete(struct map_shape shape, const void* key);
int map_push(const void* map, const void* value, uint32_t value_bytes);
int map_pop(const void* map, void* value, uint32_t value_bytes);
size_t map_size(const void* map);
/* Visits each key that a hash map has at this moment; the visitor may delete any. */
void map_keys(const void* map, void (*visit)(const void* key, void* argument), void* argument);

#ifdef __cplusplus
}
#endif

#endif

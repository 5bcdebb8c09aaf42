// SPDX-License-Identifier: BSD-2-Clause
#include "map_fake.h"

#include <linux/bpf.h>

#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

// In 64-bit words: values are aligned as in the kernel.
using Value = std::vector<std::uint64_t>;

struct Table {
    std::deque<Value> array; // a deque: what was looked up stays where it is
    std::map<std::string, Value, std::less<>> hash;
    std::vector<std::map<std::string, Value, std::less<>>::node_type>
        left; // by deleted entries: their memory, used again as the kernel does
    std::deque<std::string> queue;
    std::uint32_t limit = 0; // 0: as the definition says
};

std::map<const void*, Table>& tables() {
    static std::map<const void*, Table> all;
    return all;
}

std::string_view bytes_of(const void* from, std::size_t size) { return {static_cast<const char*>(from), size}; }

Value blank(const map_shape& shape) {
    return Value((shape.value_bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
}

bool is_array(const map_shape& shape) {
    return shape.type == BPF_MAP_TYPE_ARRAY || shape.type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

} // namespace

void maps_clear(void) { tables().clear(); }

void map_set_limit(const void* map, uint32_t entries) { tables()[map].limit = entries; }

void* map_lookup(map_shape shape, const void* key) {
    auto& table = tables()[shape.map];
    if (!is_array(shape)) {
        const auto found = table.hash.find(bytes_of(key, shape.key_bytes));
        return found == table.hash.end() ? nullptr : found->second.data();
    }
    std::uint32_t index = 0;
    std::memcpy(&index, key, sizeof index);
    if (index >= shape.max_entries) return nullptr;
    while (table.array.size() <= index) table.array.push_back(blank(shape));
    return table.array[index].data();
}

int map_update(map_shape shape, const void* key, const void* value, uint64_t flags) {
    auto& table = tables()[shape.map];
    auto entry = table.hash.find(bytes_of(key, shape.key_bytes));
    if (entry != table.hash.end()) {
        if (flags == BPF_NOEXIST) return -1;
    } else {
        if (table.hash.size() >= (table.limit ? table.limit : shape.max_entries)) return -1;
        if (table.left.empty()) {
            entry = table.hash.emplace(bytes_of(key, shape.key_bytes), blank(shape)).first;
        } else {
            table.left.back().key() = bytes_of(key, shape.key_bytes);
            entry = table.hash.insert(std::move(table.left.back())).position;
            table.left.pop_back();
        }
    }
    std::memcpy(entry->second.data(), value, shape.value_bytes);
    return 0;
}

int map_delete(map_shape shape, const void* key) {
    auto& table = tables()[shape.map];
    const auto found = table.hash.find(bytes_of(key, shape.key_bytes));
    if (found == table.hash.end()) return -1;
    table.left.push_back(table.hash.extract(found));
    return 0;
}

int map_push(const void* map, const void* value, uint32_t value_bytes) {
    tables()[map].queue.emplace_back(bytes_of(value, value_bytes));
    return 0;
}

int map_pop(const void* map, void* value, uint32_t value_bytes) {
    auto& queue = tables()[map].queue;
    if (queue.empty()) return -1;
    std::memcpy(value, queue.front().data(), value_bytes);
    queue.pop_front();
    return 0;
}

size_t map_size(const void* map) { return tables()[map].hash.size(); }

void map_keys(const void* map, void (*visit)(const void* key, void* argument), void* argument) {
    std::vector<std::decay_t<decltype(tables()[map].hash.begin()->first)>> keys;
    for (const auto& entry : tables()[map].hash) keys.push_back(entry.first);
    for (const auto& key : keys) visit(key.data(), argument);
}

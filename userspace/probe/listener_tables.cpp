// SPDX-License-Identifier: BSD-2-Clause
// The tables of listening sockets, shared with the kernel.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include "errno_text.h"
#include "probe/kernel.h"

namespace probe {

namespace {

std::uint64_t load(std::uint64_t& cell) { return std::atomic_ref(cell).load(std::memory_order_relaxed); }
void store(std::uint64_t& cell, std::uint64_t inode) { std::atomic_ref(cell).store(inode, std::memory_order_release); }

} // namespace

Result<ListenerTables> ListenerTables::map(int map_fd, std::uint32_t slots) {
    void* memory =
        mmap(nullptr, slots * sizeof(contract::listener_table), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (memory == MAP_FAILED) return fail("map the tables of listeners: " + errno_name_and_text(errno));
    ListenerTables tables;
    tables.tables_ = {static_cast<contract::listener_table*>(memory), slots};
    return tables;
}

ListenerTables::ListenerTables(ListenerTables&& other) noexcept : tables_(std::exchange(other.tables_, {})) {}

ListenerTables& ListenerTables::operator=(ListenerTables&& other) noexcept {
    std::swap(tables_, other.tables_);
    return *this;
}

ListenerTables::~ListenerTables() {
    if (!tables_.empty()) munmap(tables_.data(), tables_.size_bytes());
}

bool ListenerTables::add(event::Slot slot, std::uint64_t inode) {
    if (slot >= tables_.size()) return false;
    auto& table = tables_[slot];
    const auto is_its = [&](auto& cell) { return load(cell) == inode; };
    if (std::ranges::any_of(table.inodes, is_its) || std::ranges::any_of(table.found, is_its)) return true;
    for (auto& cell : table.found) {
        if (load(cell)) continue;
        store(cell, inode);
        return true;
    }
    return false;
}

void ListenerTables::clear(event::Slot slot) {
    if (slot >= tables_.size()) return;
    for (auto& cell : tables_[slot].inodes) store(cell, 0);
    for (auto& cell : tables_[slot].found) store(cell, 0);
}

std::uint64_t ListenerTables::entries() const {
    std::uint64_t count = 0;
    for (auto& table : tables_) {
        for (auto* half : {table.inodes, table.found})
            for (auto& cell : std::span(half, contract::LISTENERS_PER_SLOT)) count += load(cell) != 0;
    }
    return count;
}

// Of slot 0 there is none.
std::uint64_t ListenerTables::capacity() const { return (tables_.size() - 1) * 2 * contract::LISTENERS_PER_SLOT; }

} // namespace probe

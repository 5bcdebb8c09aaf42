// SPDX-License-Identifier: BSD-2-Clause
// The pid index shared with the kernel.
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "errno_text.h"
#include "probe/kernel.h"

namespace probe {

Result<SlotIndex> SlotIndex::map(int map_fd, std::uint32_t pages) {
    const std::size_t bytes = pages * contract::SLOTS_PER_PAGE * sizeof(std::uint16_t);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (memory == MAP_FAILED) return fail("map the pid index: " + errno_name_and_text(errno));
    SlotIndex index;
    index.cells_ = static_cast<std::uint16_t*>(memory);
    index.count_ = pages * contract::SLOTS_PER_PAGE;
    return index;
}

SlotIndex::SlotIndex(SlotIndex&& other) noexcept
    : cells_(std::exchange(other.cells_, nullptr)), count_(std::exchange(other.count_, 0)) {}

SlotIndex& SlotIndex::operator=(SlotIndex&& other) noexcept {
    std::swap(cells_, other.cells_);
    std::swap(count_, other.count_);
    return *this;
}

SlotIndex::~SlotIndex() {
    if (cells_) munmap(cells_, count_ * sizeof(std::uint16_t));
}

bool SlotIndex::covers(pid_t pid) const { return pid > 0 && static_cast<std::size_t>(pid) < count_; }

event::Slot SlotIndex::get(pid_t pid) const {
    if (!covers(pid)) return 0;
    const auto cell = std::atomic_ref(cells_[pid]).load(std::memory_order_relaxed);
    return cell & contract::SLOT_OF_CHILD ? 0 : cell;
}

void SlotIndex::set(pid_t pid, event::Slot slot) {
    if (!covers(pid)) return;
    std::atomic_ref(cells_[pid]).store(static_cast<std::uint16_t>(slot), std::memory_order_release);
}

} // namespace probe

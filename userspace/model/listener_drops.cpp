// SPDX-License-Identifier: BSD-2-Clause
#include "model/listener_drops.h"

namespace model {
namespace {

// One look may miss a socket: the kernel's iterator was interrupted.
constexpr unsigned kMaxMissing = 10;
// A smaller count than before is a wrap if it is that far away, else another socket with the number of a closed one.
constexpr std::uint32_t kHalf = 1u << 31;

} // namespace

void ListenerDrops::take(const std::string& name, std::uint64_t inode, std::uint32_t dropped) {
    auto& socket = sockets_[inode];
    const std::uint32_t growth = dropped - socket.dropped;
    totals_[name] += growth < kHalf ? growth : dropped;
    socket = {.dropped = dropped, .missing = 0};
}

std::uint64_t ListenerDrops::total(const std::string& name) const {
    const auto found = totals_.find(name);
    return found == totals_.end() ? 0 : found->second;
}

void ListenerDrops::end_look() {
    for (auto& each : sockets_) each.second.missing++;
    std::erase_if(sockets_, [](const auto& each) { return each.second.missing > kMaxMissing + 1; });
}

} // namespace model

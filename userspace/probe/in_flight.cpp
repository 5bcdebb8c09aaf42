// SPDX-License-Identifier: BSD-2-Clause
// Which threads serve requests, of the map that tracing keeps by connection.
#include <cerrno>
#include <cstring>
#include <vector>

#include "contract_trace.h"
#include "probe/kernel.h"

namespace probe {

namespace {

// A batch holds whole buckets of the map; one that holds more than this is asked for again with more room.
constexpr std::uint32_t kBatch = 512;
constexpr std::uint32_t kMaxBatch = 1 << 16;

} // namespace

std::vector<event::InFlight> Probe::in_flight() const {
    std::vector<event::InFlight> found;
    if (!kernel_->options.trace) return found;
    const auto* map = kernel_->skeleton->maps.traced;
    const std::size_t bytes = bpf_map__value_size(map);
    std::vector<contract::connection_key> keys(kBatch);
    std::vector<std::byte> values(kBatch * bytes);
    std::uint32_t place = 0;
    for (void* from = nullptr;; from = &place) {
        auto count = static_cast<std::uint32_t>(keys.size());
        const int error =
            bpf_map_lookup_batch(bpf_map__fd(map), from, &place, keys.data(), values.data(), &count, nullptr);
        if (error == -ENOSPC && keys.size() < kMaxBatch) {
            keys.resize(2 * keys.size());
            values.resize(keys.size() * bytes);
            count = 0;
        } else if (error != 0 && error != -ENOENT) {
            return found;
        }
        for (std::uint32_t i = 0; i < count; i++) {
            contract::traced_head head{};
            std::memcpy(&head, values.data() + i * bytes, sizeof head);
            if (head.thread == 0) continue;
            found.push_back({keys[i].slot, head.thread, event::KernelTime{static_cast<std::int64_t>(head.begun_ns)}});
        }
        if (error == -ENOENT) return found;
    }
}

} // namespace probe

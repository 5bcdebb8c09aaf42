// SPDX-License-Identifier: BSD-2-Clause
#include "probe/consistent_snapshot.h"

#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

namespace probe {

namespace {

// A copy takes a few microseconds, a response is counted in less: the first tries nearly always do. Later ones wait
// for a thread that was preempted while it counted.
constexpr int kTriesAtOnce = 20;
constexpr int kTries = 70;
constexpr std::chrono::microseconds kPause{200};

bool counts_whole_responses(const contract::worker_totals& totals) {
    return std::accumulate(std::begin(totals.duration_buckets), std::end(totals.duration_buckets), contract::u64{0}) ==
           std::accumulate(std::begin(totals.responses), std::end(totals.responses), contract::u64{0});
}

} // namespace

std::optional<contract::worker_totals> consistent_snapshot(const std::function<bool(contract::worker_totals&)>& read) {
    contract::worker_totals before{};
    contract::worker_totals after{};
    if (!read(before)) return std::nullopt;
    for (int tried = 0; tried < kTries; tried++) {
        if (tried >= kTriesAtOnce) std::this_thread::sleep_for(kPause);
        if (!read(after)) return std::nullopt;
        if (!std::memcmp(&before, &after, sizeof after) && counts_whole_responses(after)) return after;
        std::swap(before, after);
    }
    return std::nullopt;
}

} // namespace probe

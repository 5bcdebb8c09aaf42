// SPDX-License-Identifier: BSD-2-Clause
#include "top/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace top {

event::Histogram grown(const event::Histogram& now, const event::Histogram* before) {
    if (before == nullptr) return now;
    auto difference = now;
    for (std::size_t i = 0; i < now.buckets.size(); i++) {
        if (now.buckets[i] < before->buckets[i]) return now;
        difference.buckets[i] -= before->buckets[i];
    }
    if (now.sum < before->sum) return now;
    difference.sum -= before->sum;
    return difference;
}

void add(event::Histogram& sum, const event::Histogram& more) {
    for (std::size_t i = 0; i < sum.buckets.size(); i++) sum.buckets[i] += more.buckets[i];
    sum.sum += more.sum;
}

std::uint64_t count(const event::Histogram& histogram) {
    return std::accumulate(histogram.buckets.begin(), histogram.buckets.end(), std::uint64_t{0});
}

std::optional<double> average(const event::Histogram& histogram) {
    const auto values = count(histogram);
    if (values == 0) return std::nullopt;
    return std::chrono::duration<double>(histogram.sum).count() / static_cast<double>(values);
}

std::optional<Bound> percentile(const event::Histogram& histogram, double part) {
    const auto values = count(histogram);
    if (values == 0) return std::nullopt;
    // The nearest rank: of 100 values the 95th is the 95 % one.
    const auto rank =
        std::max(std::uint64_t{1}, static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(values) - 1e-9)));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < event::kDurationBounds; i++) {
        below += histogram.buckets[i];
        if (below >= rank) return Bound{event::kDurationBoundsSeconds[i], false};
    }
    return Bound{event::kDurationBoundsSeconds.back(), true};
}

} // namespace top

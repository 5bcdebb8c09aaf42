// SPDX-License-Identifier: BSD-2-Clause
#include "trace/quantiles.h"

#include <algorithm>
#include <cmath>

namespace trace {

namespace {

const double kStep = std::log(1.01);

} // namespace

void Quantiles::add(std::chrono::nanoseconds duration) {
    const auto count = static_cast<double>(std::max<std::int64_t>(duration.count(), 1));
    buckets_[static_cast<int>(std::ceil(std::log(count) / kStep))]++;
    count_++;
    longest_ = std::max(longest_, duration);
}

std::chrono::nanoseconds Quantiles::at(double share) const {
    const auto wanted = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (const auto& [bucket, count] : buckets_) {
        seen += count;
        if (static_cast<double>(seen) < wanted) continue;
        const auto bound = std::exp(static_cast<double>(bucket) * kStep);
        return std::min(longest_, std::chrono::nanoseconds(static_cast<std::int64_t>(bound)));
    }
    return longest_;
}

} // namespace trace

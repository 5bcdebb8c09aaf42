// SPDX-License-Identifier: BSD-2-Clause
// Quantiles of any number of durations in bounded memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

namespace trace {

class Quantiles {
public:
    void add(std::chrono::nanoseconds duration);
    std::uint64_t count() const { return count_; }
    // The smallest duration that `share` (0 to 1) of all do not exceed, at most 1 % too high; exact for 1. Zero of
    // none.
    std::chrono::nanoseconds at(double share) const;

private:
    std::map<int, std::uint64_t> buckets_; // by the logarithm of their upper bounds
    std::uint64_t count_ = 0;
    std::chrono::nanoseconds longest_{0};
};

} // namespace trace

// SPDX-License-Identifier: BSD-2-Clause
// Compares at compile time what the kernel counts (include/contract.h) with what the decoded types say: bounds in
// nanoseconds with bounds in seconds, and the sizes of arrays that are copied.
#include <array>
#include <cstddef>
#include <cstdint>

#include "contract.h"
#include "event/totals.h"

namespace event {

namespace {

template <std::size_t Count>
constexpr bool agree(const std::uint64_t (&raw)[Count], const std::array<double, Count>& bounds, double unit) {
    for (std::size_t i = 0; i < Count; i++) {
        const double difference = static_cast<double>(raw[i]) - bounds[i] * unit;
        if (difference > 0.5 || difference < -0.5) return false; // 0.005 s is no double
    }
    return true;
}

constexpr double kNanosecondsPerSecond = 1e9;
constexpr std::uint64_t kDurationBoundsNs[] = DURATION_BOUNDS_NS;
constexpr std::uint64_t kPauseBoundsNs[] = PAUSE_BOUNDS_NS;
constexpr std::uint64_t kLifetimeBoundsNs[] = LIFETIME_BOUNDS_NS;
constexpr std::uint64_t kSizeBounds64[] = SIZE_BOUNDS_BYTES;

static_assert(agree(kDurationBoundsNs, kDurationBoundsSeconds, kNanosecondsPerSecond));
static_assert(agree(kPauseBoundsNs, kPauseBoundsSeconds, kNanosecondsPerSecond));
static_assert(agree(kLifetimeBoundsNs, kLifetimeBoundsSeconds, kNanosecondsPerSecond));
static_assert(agree(kSizeBounds64, kSizeBoundsBytes, 1));

static_assert(std::tuple_size_v<decltype(Histogram::buckets)> == contract::DURATION_BUCKETS);
static_assert(std::tuple_size_v<decltype(SizeHistogram::buckets)> == contract::SIZE_BUCKETS);
static_assert(std::tuple_size_v<decltype(PauseHistogram::buckets)> == contract::PAUSE_BUCKETS);
static_assert(std::tuple_size_v<decltype(LifetimeHistogram::buckets)> == contract::LIFETIME_BUCKETS);
static_assert(std::tuple_size_v<Collections> == contract::GC_GENERATIONS);
static_assert(kDurationBounds == contract::DURATION_BOUNDS && kSizeBounds == contract::SIZE_BOUNDS &&
              kPauseBounds == contract::PAUSE_BOUNDS);
// EndedBy has a member for each.
static_assert(sizeof(EndedBy) == contract::ENDED_BY_COUNT * sizeof(std::uint64_t));

} // namespace

} // namespace event

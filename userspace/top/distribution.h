// SPDX-License-Identifier: BSD-2-Clause
// What happened between two readings of a histogram that only grows.
#pragma once

#include <cstdint>
#include <optional>

#include "event/totals.h"

namespace top {

// `before` null: it began with nothing. A histogram that shrank is another one's: then all of `now` is new.
event::Histogram grown(const event::Histogram& now, const event::Histogram* before);
void add(event::Histogram& sum, const event::Histogram& more);

std::uint64_t count(const event::Histogram& histogram);

// Of all values, seconds, exact. Nothing when there are none.
std::optional<double> average(const event::Histogram& histogram);

// The value below which a part of all values lies is not known, but the bucket that it lies in is: so this is said, and
// nothing in between is made up.
struct Bound {
    double seconds = 0;  // the value is this or less …
    bool beyond = false; // … or, if so, more
    auto operator<=>(const Bound&) const = default;
};

// `part`: above 0 and at most 1. Nothing when there are no values.
std::optional<Bound> percentile(const event::Histogram& histogram, double part);

} // namespace top

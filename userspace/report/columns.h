// SPDX-License-Identifier: BSD-2-Clause
// The time of a recording, divided into columns of equal width: what charts over time have one value for each of.
#pragma once

#include <chrono>
#include <cstddef>

namespace report {

// A chart shows no more, and a report of an hour stays small.
inline constexpr std::size_t kMaxColumns = 600;

class Columns {
public:
    using Time = std::chrono::system_clock::time_point;

    // `expected`: how long the recording is meant to last. Columns are whole seconds wide, the narrowest that suffice.
    Columns(Time began, std::chrono::seconds expected);

    Time began() const { return began_; }
    std::chrono::seconds width() const { return width_; }
    // The column that a moment falls into; before the beginning: the first, after the last possible one: the last.
    std::size_t at(Time time) const;
    // How many there are when the recording ends then; at least one.
    std::size_t until(Time end) const { return at(end) + 1; }

private:
    Time began_;
    std::chrono::seconds width_;
};

} // namespace report

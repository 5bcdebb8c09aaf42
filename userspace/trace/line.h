// SPDX-License-Identifier: BSD-2-Clause
// A request in one line, for people.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "event/breakdown.h"
#include "trace/request.h"

namespace trace {

struct LineStyle {
    bool colour = false;
    std::optional<std::size_t> width; // columns of the terminal; nothing: as long as it gets
};

// "842us", "12.3ms", "0.512s": about three digits.
std::string duration_text(std::chrono::nanoseconds duration);

// "cpu 100ms, 10.0.0.5:5432 99.8ms, sleep 100ms": the longest first, without what is less than a hundredth of all;
// sockets by the names of `peers` where they are given.
std::string parts_text(const event::Parts& parts, const std::vector<event::PeerWait>& peers);

// What stands above the lines.
std::string header(const LineStyle& style);

// Without line end. Times of day are local.
std::string line_of(const Request& request, const LineStyle& style);

} // namespace trace

// SPDX-License-Identifier: BSD-2-Clause
#include "report/columns.h"

#include <algorithm>

namespace report {

Columns::Columns(Time began, std::chrono::seconds expected)
    : began_(began), width_(std::max<std::chrono::seconds::rep>(
                         1, (expected.count() + static_cast<std::chrono::seconds::rep>(kMaxColumns) - 1) /
                                static_cast<std::chrono::seconds::rep>(kMaxColumns))) {}

std::size_t Columns::at(Time time) const {
    if (time <= began_) return 0;
    return std::min(static_cast<std::size_t>((time - began_) / width_), kMaxColumns - 1);
}

} // namespace report

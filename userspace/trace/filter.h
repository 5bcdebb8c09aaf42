// SPDX-License-Identifier: BSD-2-Clause
// Which requests are of interest.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"
#include "trace/request.h"

namespace trace {

// "500" or "5xx".
struct StatusRange {
    int first;
    int last;
};

// "500", "5xx", "404,5xx". The error names what is none.
Result<std::vector<StatusRange>> parse_statuses(std::string_view text);

// "worker_3_1764036000", or a pid.
bool names_worker(std::string_view text);

struct Filter {
    std::chrono::nanoseconds slower_than{0}; // longer, not as long
    std::vector<StatusRange> statuses;       // empty: any, also none
    std::optional<std::string> endpoint;     // a glob of the path: * ? [...]; * also stands for /
    std::optional<std::string> worker;       // its id, or its pid

    bool matches(const Request& request) const;
};

} // namespace trace

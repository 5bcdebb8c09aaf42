// SPDX-License-Identifier: BSD-2-Clause
// What all workers of a target have failed and raised, also those that are gone: counts that a worker's end takes
// nothing from.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include "model/failed_responses.h"
#include "model/snapshot.h"

namespace model {

class ShownAnswers {
public:
    // `now`: since boot, and never before an earlier one.
    void add(const FailedResponses::Growth& growth, std::chrono::nanoseconds now);

    // Ends what has not grown since then: its endpoints make room for others.
    void forget_before(std::chrono::nanoseconds then);

    // What has grown since `then` is marked as recent.
    std::map<FailedKey, ShownCount> failed(std::chrono::nanoseconds then) const;
    std::map<ErrorKey, ShownCount> errors(std::chrono::nanoseconds then) const;

    // The views live until the next change of this object.
    void collect_endpoints(std::set<std::string_view>& endpoints) const;

private:
    struct Shown {
        std::uint64_t count = 0;
        std::chrono::nanoseconds grown{0};
    };

    std::map<FailedKey, Shown> failed_;
    std::map<ErrorKey, Shown> errors_;
};

} // namespace model

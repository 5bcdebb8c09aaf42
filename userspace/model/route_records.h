// SPDX-License-Identifier: BSD-2-Clause
// One worker's responses on their way into its target's routes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "event/totals.h"
#include "model/snapshot.h"

namespace model {

struct RouteRecord {
    RouteKey route;
    int status; // 100-999, 0 when unreadable
    std::chrono::nanoseconds duration;
};

// As FailedResponses, for every status and with durations: of the responses that the kernel has counted, each is
// published once, under its route or, when its record was lost, as method and endpoint "other". So the routes of a
// target sum to the counts of its workers whenever both were read together, and nothing decreases.
class RouteRecords {
public:
    void add(RouteRecord record);

    // `totals`: read before the latest records were.
    void publish(const event::Totals& totals, std::map<RouteKey, Route>& routes);

    // Puts what was not published yet under other endpoints.
    void rename_unpublished(const std::function<std::string_view(std::string_view endpoint)>& rename);

private:
    struct Status {
        std::uint64_t published = 0; // including `lost`
        std::uint64_t lost = 0;      // as "other"
        std::uint64_t dropped = 0;   // records that turned up after that, at most `lost`
    };

    void publish_lost(const event::Totals& totals, std::map<RouteKey, Route>& routes);

    std::vector<RouteRecord> waiting_;
    std::map<int, Status> statuses_;
    event::Histogram durations_; // of what is published, "other" included
};

} // namespace model

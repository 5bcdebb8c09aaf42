// SPDX-License-Identifier: BSD-2-Clause
// All that one report shows.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "model/snapshot.h"
#include "report/columns.h"
#include "report/requests.h"
#include "report/timeline.h"
#include "stacks/profile.h"
#include "trace/request.h"

namespace report {

// Who recorded, and where.
struct Origin {
    std::string version;
    std::string host;
    std::string kernel;
};

struct Recording {
    Recording(Columns::Time began, std::chrono::seconds expected)
        : columns(began, expected), requests(columns), timeline(columns) {}

    void add(const trace::Request& request) {
        requests.add(request);
        if (request.stacks) profile.add(*request.stacks);
    }

    Columns columns;
    Requests requests;
    Timeline timeline;
    stacks::Profile profile;                   // of all requests that were sampled
    std::map<std::string, std::uint64_t> lost; // by reason, what the kernel side gave up meanwhile
};

// The recording as one JSON object; its fields are documented in docs/investigations.md.
std::string to_json(const Recording& recording, const Origin& origin, Columns::Time ended);

} // namespace report

// SPDX-License-Identifier: BSD-2-Clause
// The last exceptions: what grew from one snapshot to the next.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "model/snapshot.h"

namespace top {

struct ExceptionSeen {
    std::chrono::system_clock::time_point by; // it happened in the interval that ended then
    pid_t master = 0;
    std::string worker; // its id
    std::string type;
    std::string method;
    std::string endpoint;
    std::uint64_t times = 1; // within that interval
};

class LastExceptions {
public:
    explicit LastExceptions(std::size_t most) : most_(most) {}

    // Errors that `now` has and `before` has not.
    void take(const model::Snapshot& before, const model::Snapshot& now);

    const std::deque<ExceptionSeen>& list() const { return seen_; } // the newest first

private:
    std::size_t most_;
    std::deque<ExceptionSeen> seen_;
};

} // namespace top

// SPDX-License-Identifier: BSD-2-Clause
// What a worker logs and answers, as the matcher is told of it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "model/exception_matcher.h"

namespace model {

inline constexpr event::Execution kLoop{.thread = 1, .is_main_module = true, .outermost_frame = 0x10, .context = 0};

// Of the event loop's thread, in a task.
inline event::Execution task(std::uint64_t context) {
    auto execution = kLoop;
    execution.context = context;
    return execution;
}
inline event::Execution greenlet(std::uint64_t frame) { return {.thread = 1, .outermost_frame = frame}; }
inline event::Execution thread(std::uint32_t id) {
    return {.thread = id, .outermost_frame = std::uint64_t{id} * 0x100};
}

struct Line {
    std::string exception;
    event::Execution by;
    std::chrono::milliseconds at;
    std::string logger = "shop";
    std::array<std::string, 2> arguments = {};
    std::uint64_t in_flight = 2;
    bool of_scope = false;
    event::RaisedIn raised_in = event::RaisedIn::application;
    bool to_server = true;
};

// A request that the server closes without a response.
inline event::Aborted aborted(event::Execution by, std::chrono::milliseconds begin, std::chrono::milliseconds end) {
    event::Aborted aborted{};
    aborted.by = event::Aborted::By::server;
    aborted.request.by = by;
    aborted.request.duration = end - begin;
    aborted.request.at = end;
    return aborted;
}

using Cause = std::optional<std::string>;

class CausesTest : public testing::Test {
protected:
    void log(const Line& line) {
        matcher_.on({.slot = 1,
                     .pid = 100,
                     .by = line.by,
                     .in_flight = line.in_flight,
                     .exception = line.exception,
                     .logger = line.logger,
                     .arguments = line.arguments,
                     .of_scope = line.of_scope,
                     .raised_in = line.raised_in,
                     .to_server = line.to_server,
                     .at = line.at});
    }
    static event::Responded response(event::Execution by, std::chrono::milliseconds begin,
                                     std::chrono::milliseconds end, int status = 500) {
        event::Responded responded{};
        responded.status = status;
        responded.by = by;
        responded.duration = end - begin;
        responded.at = end;
        return responded;
    }
    std::string cause(const event::Responded& responded, const std::string& path = "/a") {
        return matcher_.of(responded, "GET", path);
    }

    ExceptionMatcher matcher_;
};

} // namespace model

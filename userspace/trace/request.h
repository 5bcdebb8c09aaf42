// SPDX-License-Identifier: BSD-2-Clause
// A request that has ended, and where its time went.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "event/breakdown.h"
#include "stacks/profile.h"

namespace trace {

// Why it has no whole response.
enum class EndedBy { nobody, client, server, worker_exit };

// Texts are printable UTF-8.
struct Request {
    std::chrono::system_clock::time_point at; // when it ended
    std::chrono::nanoseconds ended{0};        // likewise, of CLOCK_MONOTONIC
    std::string worker;                       // worker_<age>_<start>
    pid_t pid = 0;
    pid_t master = 0;
    std::string method;    // as a label has it: perhaps "invalid"
    std::string path;      // without query; perhaps "invalid", or "other" when it is too long
    std::string endpoint;  // folded
    int status = 0;        // 0: there was no response, or its status could not be read
    std::string exception; // the class of the one behind it; empty: none
    EndedBy ended_by = EndedBy::nobody;
    std::chrono::nanoseconds duration{0};
    event::Breakdown time;
    bool shared = false; // its thread serves several requests at once
    // What its thread did between its begin and its end, where that was sampled; null: it was not.
    std::shared_ptr<const stacks::Profile> stacks;
};

} // namespace trace

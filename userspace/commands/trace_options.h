// SPDX-License-Identifier: BSD-2-Clause
// Which requests to trace, for how long, and how to show them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "commands/command.h"
#include "commands/stack_sampling.h"
#include "observer/observer.h"
#include "trace/filter.h"

namespace commands {

struct TraceOptions {
    observer::Options observer;
    trace::Filter filter;
    std::optional<std::uint64_t> count;                // matching requests
    std::optional<std::chrono::milliseconds> duration; // of the whole run
    bool json = false;
    StackOptions stacks;
};

Run declare_trace(CLI::App& app);

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
// What `top` watches, and how it shows it.
#pragma once

#include <chrono>
#include <cstdint>

#include "commands/command.h"
#include "observer/observer.h"

namespace commands {

struct TopOptions {
    observer::Options observer;
    std::chrono::milliseconds interval{1000};
    std::uint64_t count = 0; // how many times to show; 0: until told to stop
    bool batch = false;      // plain text even on a terminal
};

Run declare_top(CLI::App& app);

} // namespace commands

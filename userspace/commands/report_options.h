// SPDX-License-Identifier: BSD-2-Clause
// What to record, for how long, and where to write it.
#pragma once

#include <chrono>
#include <string>

#include "commands/command.h"
#include "commands/output_file.h"
#include "commands/stack_sampling.h"
#include "observer/observer.h"

namespace commands {

struct ReportOptions {
    observer::Options observer;
    StackOptions stacks{.wanted = true, .interval = std::chrono::milliseconds(10)};
    std::chrono::milliseconds duration{30'000};
    OutputFile output{.name = {}, .option = "--output"};
    bool json = false; // the recording itself, in place of a page
};

Run declare_report(CLI::App& app);

} // namespace commands

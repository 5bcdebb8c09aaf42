// SPDX-License-Identifier: BSD-2-Clause
// The program's commands: each declares its options, and then runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "commands/option.h"
#include "result.h"

namespace commands {

// Does what the assigned options say. The value is the process's exit code; an error is one sentence.
using Run = std::function<Result<int>()>;

struct Command {
    std::string name;            // empty: serving, which is what the program does without a command
    std::string purpose;         // one line of --help
    std::vector<Option> options; // in the order of --help; their targets live as long as `run`
    Run run;
};

Command serve_command();
Command check_command();
Command top_command();
Command trace_command();
Command report_command();
Command healthcheck_command();

// The options do not make sense together: prints why, and is the exit code.
int print_misuse(const Error& error);

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
// What the user asked for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands/command.h"
#include "result.h"

namespace commands {

// The text of --help or --version, to be printed before exiting with code 0.
struct Text {
    std::string text;
};

// A command's options are wrong. To be printed before exiting with code 2, so that it is not taken for the command's
// answer.
struct Misuse {
    std::string text;
};

// Every option has the value of the command line, else of the environment, else of the file of --config.file, else its
// default. The error names the option, or variable or file and key, and what to do; so does Misuse.
Result<std::variant<Run, Text, Misuse>> parse(int argc, const char* const* argv,
                                              const char* const* environment = nullptr);

// Serving first, then each command, with the general options of each.
std::vector<Command> all_commands();

} // namespace commands

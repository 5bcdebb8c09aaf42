// SPDX-License-Identifier: BSD-2-Clause
// What the user asked for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands/command.h"
#include "commands/option_list.h"
#include "result.h"

namespace commands {

// The text of --help or --version, to be printed before exiting with code 0.
struct Text {
    std::string text;
};

// What a command cannot be told. To be printed before exiting with code 2, so that it is not taken for the command's
// answer.
struct Misuse {
    std::string text;
};

// An option counts as the command line has it, else the environment, else the file of --config.file. The error names
// the option, or variable or file and key, and what to do; so does Misuse.
Result<std::variant<Run, Text, Misuse>> parse(int argc, const char* const* argv,
                                              const char* const* environment = nullptr);

// All that can be given.
std::vector<CommandText> description();

} // namespace commands

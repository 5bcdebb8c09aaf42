// SPDX-License-Identifier: BSD-2-Clause
// What the program can be told to do: each command declares its options, and then runs.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string_view>

#include "result.h"

namespace commands {

// Does what the parsed options say. The value is the process's exit code; an error is one sentence.
using Run = std::function<Result<int>()>;

struct Command {
    std::string_view name;
    std::string_view purpose; // one line of --help
    Run (*declare)(CLI::App& app);
};

} // namespace commands

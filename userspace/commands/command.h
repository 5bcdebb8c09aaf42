// SPDX-License-Identifier: BSD-2-Clause
// What the program can be told to do: each command declares its options, and then runs.
#pragma once

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cstdio>
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

// The options do not make sense together: says so, and is the exit code.
inline int misused(const Error& error) {
    fmt::print(stderr, "gunicorn-bpf-exporter: {}\n", error.text);
    return 2;
}

} // namespace commands

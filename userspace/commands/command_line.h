// SPDX-License-Identifier: BSD-2-Clause
// What the user asked for.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <variant>

#include "observer/observer.h"
#include "web/server.h"

namespace commands {

struct ServeOptions {
    observer::Options observer;
    web::Options web;
    std::chrono::milliseconds sampling_interval{2000};
    std::string log_level = "info";
};

// The text of --help or --version, to be printed before exiting with code 0.
struct Text {
    std::string text;
};

// The error names the option and what to do.
Result<std::variant<ServeOptions, Text>> parse(int argc, const char* const* argv);

} // namespace commands

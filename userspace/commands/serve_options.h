// SPDX-License-Identifier: BSD-2-Clause
// What to observe and how to serve it.
#pragma once

#include <chrono>
#include <string>

#include "commands/command.h"
#include "observer/observer.h"
#include "web/server.h"

namespace commands {

struct ServeOptions {
    observer::Options observer;
    web::Options web;
    std::string web_config_file; // empty: neither TLS nor passwords
    std::chrono::milliseconds sampling_interval{2000};
    bool custom_metrics = true; // the application's own
    std::string log_level = "info";
};

// What the program does without a command: its options are the program's own.
Run declare_serve(CLI::App& app);

} // namespace commands

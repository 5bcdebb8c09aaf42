// SPDX-License-Identifier: BSD-2-Clause
// Options of every command that observes: which processes, under which names, within which limits.
#pragma once

#include <string>
#include <vector>

#include "commands/option.h"
#include "http/route_template.h"
#include "observer/observer.h"

namespace commands {

// Bound to the declared options, so it does not move.
struct ObserverOptions {
    observer::Options options;
    std::string folding = "on";
    std::vector<http::RouteTemplate> routes;

    // After the options were assigned. What a command has options of its own for is as the command has set it.
    observer::Options resolved() const;
};

// `verb`: what the command does to a Gunicorn, "Observe".
Option pid_option(std::vector<pid_t>& target, const std::string& verb);
Option log_directory_option(std::string& target);

// All of them, followed by those of the command itself.
std::vector<Option> with_observer_options(ObserverOptions& target, std::vector<Option> own);

} // namespace commands

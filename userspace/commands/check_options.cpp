// SPDX-License-Identifier: BSD-2-Clause
#include "commands/check_options.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/check.h"
#include "commands/positive.h"

namespace commands {

Run declare_check(CLI::App& app) {
    const auto options = std::make_shared<CheckOptions>();
    app.add_option("--pid", options->observer.pids,
                   "Look at this Gunicorn only: the pid of a master or of one of its workers. May be repeated")
        ->check(positive());
    app.add_option("--kubernetes.log-directory", options->observer.log_directory,
                   "The node's /var/log: its names of files tell the names of pods and containers")
        ->capture_default_str();
    app.add_flag("--json", options->json, "One JSON object instead of text");
    return [options]() -> Result<int> { return check(*options); };
}

} // namespace commands

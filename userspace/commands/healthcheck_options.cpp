// SPDX-License-Identifier: BSD-2-Clause
#include <CLI/CLI.hpp>
#include <memory>

#include "commands/durations.h"
#include "commands/healthcheck.h"

namespace commands {

using namespace std::chrono_literals;

Run declare_healthcheck(CLI::App& app) {
    struct Raw {
        HealthcheckOptions options;
        Milliseconds timeout = 5000;
    };
    const auto raw = std::make_shared<Raw>();
    app.add_option("--web.listen-address", raw->options.listen_address,
                   "Where it serves; by default wherever this program listens");
    app.add_option("--path", raw->options.path, "What to ask for")->capture_default_str();
    app.add_option("--timeout", raw->timeout, "How long to wait for an answer (100ms to 1m)")
        ->transform(duration(100ms, 1min))
        ->default_str("5s");
    return [raw]() -> Result<int> {
        auto options = raw->options;
        options.timeout = std::chrono::milliseconds(raw->timeout);
        if (auto well = healthcheck(procfs::ProcFs{}, options); !well) return std::unexpected(well.error());
        return 0;
    };
}

} // namespace commands

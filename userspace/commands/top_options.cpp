// SPDX-License-Identifier: BSD-2-Clause
#include "commands/top_options.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "commands/durations.h"
#include "commands/observer_options.h"
#include "commands/positive.h"
#include "commands/top.h"

namespace commands {

using namespace std::chrono_literals;

namespace {

// A worker that has ended stays in the table for so long, so that one sees that it did.
constexpr std::chrono::seconds kEndedStay{12};

struct Raw {
    TopOptions options;
    ObserverOptions observer;
    Milliseconds interval = 1000;
    bool routes = true;
};

Result<TopOptions> finish(Raw& raw) {
    auto observer = raw.observer.finish();
    if (!observer) return std::unexpected(observer.error());
    auto options = raw.options;
    options.observer = std::move(*observer);
    options.observer.measured.routes = raw.routes;
    options.observer.retention = kEndedStay;
    options.interval = std::chrono::milliseconds(raw.interval);
    return options;
}

} // namespace

Run declare_top(CLI::App& app) {
    const auto raw = std::make_shared<Raw>();
    raw->observer.declare(app);
    app.add_option("--interval", raw->interval, "How often the table is refreshed (200ms to 1h)")
        ->transform(duration(200ms, 1h))
        ->default_str("1s")
        ->group("What to show");
    app.add_option("--count", raw->options.count, "End after so many intervals")
        ->check(positive())
        ->group("What to show");
    app.add_flag("--batch", raw->options.batch,
                 "Plain text, one block for each interval; so it is anyway when the output is no terminal")
        ->group("What to show");
    app.add_flag("--routes,!--no-routes", raw->routes, "The slowest routes, for which every request leaves a record")
        ->default_str("on")
        ->group("What to show");
    return [raw]() -> Result<int> {
        const auto options = finish(*raw);
        if (!options) return misused(options.error());
        return top(*options);
    };
}

} // namespace commands

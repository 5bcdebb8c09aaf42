// SPDX-License-Identifier: BSD-2-Clause
#include "commands/report_options.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "commands/durations.h"
#include "commands/observer_options.h"
#include "commands/report.h"

namespace commands {

using namespace std::chrono_literals;

namespace {

struct Raw { // as given, before it is looked at together
    ObserverOptions observer;
    Milliseconds duration = 30'000;
    bool stacks = true;
    Milliseconds stack_interval = 10;
    std::string output;
    bool json = false;
};

constexpr auto kLongest = 24h;

void declare_options(CLI::App& app, Raw& raw) {
    raw.observer.declare(app);
    app.add_option("--duration", raw.duration, "How long to record (1s to 24h); Ctrl-C ends it earlier")
        ->transform(duration(1s, kLongest))
        ->default_str("30s")
        ->group("When to end");
    app.add_flag("--stacks,!--no-stacks", raw.stacks, "Sample the Python stack of each request while it is served")
        ->default_str("on")
        ->group("Python stacks");
    app.add_option("--stack-interval", raw.stack_interval, "How often")
        ->transform(duration(1ms, 1s))
        ->default_str("10ms")
        ->group("Python stacks");
    app.add_option("-o,--output", raw.output, "The file to write; - is standard output, which --json uses by default")
        ->type_name("FILE")
        ->default_str("gunicorn-report.html")
        ->group("Output");
    app.add_flag("--json", raw.json, "Write the recording as a JSON object, not as a page")->group("Output");
}

Result<ReportOptions> finish(Raw& raw) {
    auto observer = raw.observer.finish();
    if (!observer) return std::unexpected(observer.error());
    const std::string output = raw.json ? "-" : "gunicorn-report.html";
    return ReportOptions{.observer = std::move(*observer),
                         .stacks = {.wanted = raw.stacks, .interval = std::chrono::milliseconds(raw.stack_interval)},
                         .duration = std::chrono::milliseconds(raw.duration),
                         .output = {.name = raw.output.empty() ? output : raw.output, .option = "--output"},
                         .json = raw.json};
}

} // namespace

Run declare_report(CLI::App& app) {
    const auto raw = std::make_shared<Raw>();
    declare_options(app, *raw);
    return [raw]() -> Result<int> {
        auto options = finish(*raw);
        if (!options) return misused(options.error());
        if (auto written = report(std::move(*options)); !written) return std::unexpected(written.error());
        return 0;
    };
}

} // namespace commands

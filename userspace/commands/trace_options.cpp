// SPDX-License-Identifier: BSD-2-Clause
#include "commands/trace_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "commands/durations.h"
#include "commands/observer_options.h"
#include "commands/positive.h"
#include "commands/trace.h"

namespace commands {

using namespace std::chrono_literals;

namespace {

struct Raw { // as given, before it is looked at together
    ObserverOptions observer;
    Milliseconds slower_than = 0;
    std::string statuses;
    std::string endpoint;
    std::string worker;
    std::uint64_t count = 0;
    Milliseconds duration = 0;
    bool json = false;
    bool stacks = false;
    Milliseconds stack_interval = 10;
    std::string folded;
};

constexpr auto kLongest = 24h;

void declare_options(CLI::App& app, Raw& raw) {
    raw.observer.declare(app);
    app.add_option("--slower-than", raw.slower_than, "Requests that take longer, for example 200ms")
        ->transform(duration(0s, kLongest))
        ->group("Which requests");
    app.add_option("--status", raw.statuses, "Requests answered with this status: 500, 5xx, or several, as in 404,5xx")
        ->group("Which requests");
    app.add_option("--endpoint", raw.endpoint,
                   "Requests whose path is like this: * stands for any characters, ? for one, [...] for one of several")
        ->group("Which requests");
    app.add_option("--worker", raw.worker, "Requests of this worker: its id (worker_<age>_<start>) or its pid")
        ->group("Which requests");
    app.add_option("--count", raw.count, "End after so many matching requests")
        ->check(positive())
        ->group("When to end");
    app.add_option("--duration", raw.duration, "End after so long, for example 30s")
        ->transform(duration(1ms, kLongest))
        ->group("When to end");
    app.add_flag("--stacks", raw.stacks, "Sample the Python stack of each request while it is served")
        ->group("Python stacks");
    app.add_option("--stack-interval", raw.stack_interval, "How often")
        ->transform(duration(1ms, 10s))
        ->default_str("10ms")
        ->group("Python stacks");
    app.add_option("--folded", raw.folded,
                   "Sample stacks, and write them to this file at the end, folded, for flame graphs")
        ->type_name("FILE")
        ->group("Python stacks");
    app.add_flag("--json", raw.json, "One JSON object a line; the summary goes to standard error")->group("Output");
}

Result<TraceOptions> finish(Raw& raw) {
    auto observer = raw.observer.finish();
    if (!observer) return std::unexpected(observer.error());
    TraceOptions options;
    options.observer = std::move(*observer);
    options.filter.slower_than = std::chrono::milliseconds(raw.slower_than);
    if (!raw.statuses.empty()) {
        auto statuses = trace::parse_statuses(raw.statuses);
        if (!statuses) return fail(fmt::format("--status: {}", statuses.error().text));
        options.filter.statuses = std::move(*statuses);
    }
    if (!raw.endpoint.empty()) options.filter.endpoint = raw.endpoint;
    if (!raw.worker.empty()) {
        if (!trace::names_worker(raw.worker))
            return fail(fmt::format("--worker: \"{}\" is no worker: give its id (worker_<age>_<start>) or its pid",
                                    raw.worker));
        options.filter.worker = raw.worker;
    }
    if (raw.count != 0) options.count = raw.count;
    if (raw.duration != 0) options.duration = std::chrono::milliseconds(raw.duration);
    options.json = raw.json;
    options.stacks = {.wanted = raw.stacks || !raw.folded.empty(),
                      .interval = std::chrono::milliseconds(raw.stack_interval),
                      .folded = {.name = raw.folded, .option = "--folded"}};
    return options;
}

} // namespace

Run declare_trace(CLI::App& app) {
    const auto raw = std::make_shared<Raw>();
    declare_options(app, *raw);
    return [raw]() -> Result<int> {
        auto options = finish(*raw);
        if (!options) return misused(options.error());
        if (auto traced = trace(std::move(*options)); !traced) return std::unexpected(traced.error());
        return 0;
    };
}

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
#include "commands/serve_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "commands/durations.h"
#include "commands/observer_options.h"
#include "commands/serve.h"

namespace commands {

using namespace std::chrono_literals;

namespace {

struct Raw { // as given, before it is looked at together
    ServeOptions options;
    ObserverOptions observer;
    Milliseconds sampling = 2000;
    Milliseconds retention = 300'000;
    bool exceptions = true;
    bool unlogged = false;
    bool collector = true;
    bool imports = false;
    model::Measured measured;
};

void declare_collectors(CLI::App& app, Raw& raw) {
    app.add_flag("--routes", raw.measured.routes,
                 "Count every request by method, endpoint and status, not only the failed ones, with durations")
        ->group("What to measure");
    const auto collector = [&](const std::string& name, bool& on, const std::string& what) {
        app.add_flag(fmt::format("--collector.{0},!--no-collector.{0}", name), on, what)
            ->default_str("on")
            ->group("What to measure");
    };
    collector("activity", raw.measured.activity, "Busy time, requests in flight, open connections");
    collector("waits", raw.measured.waits, "How long connections wait for accept() and to be read");
    collector("backlog", raw.measured.backlog, "How many connections wait in each listener");
    collector("sizes", raw.measured.sizes, "Sizes of requests and responses, time to first byte");
    collector("exceptions", raw.exceptions, "The class of the exception behind an error");
    collector("custom", raw.options.custom_metrics,
              "The application's own metrics, which it keeps with the Python client in multiprocess mode");
    collector("gc", raw.collector, "Pauses of Python's garbage collector, where the interpreter has USDT probes");
    app.add_flag("--python-unlogged", raw.unlogged,
                 "Also see exceptions that nobody logs, by a probe in the interpreter: up to 20 % more CPU time for "
                 "applications that raise much; every process that runs the same Python meets it")
        ->group("What to measure");
    app.add_flag("--python-imports", raw.imports,
                 "How long workers import modules, where the interpreter has USDT probes")
        ->group("What to measure");
}

void declare_options(CLI::App& app, Raw& raw) {
    raw.observer.declare(app);
    declare_collectors(app, raw);
    app.add_option("--web.listen-address", raw.options.web.listen_addresses,
                   "Where to serve: host:port, [::1]:port, or :port for every interface. May be repeated")
        ->capture_default_str()
        ->group("Web");
    app.add_option("--web.telemetry-path", raw.options.web.telemetry_path, "Path of the metrics")
        ->capture_default_str()
        ->group("Web");
    app.add_option(
           "--web.config.file", raw.options.web_config_file,
           "TLS, client certificates, passwords and headers, as Prometheus' exporters have them in such a file. "
           "Read again on SIGHUP, and when it or a certificate changes")
        ->type_name("FILE")
        ->group("Web");
    app.add_flag("--web.enable-lifecycle", raw.options.web.lifecycle,
                 "Allow POST /-/cleanup, which drops the series of dead workers, and POST /-/reload")
        ->group("Web");
    app.add_option("--sampling-interval", raw.sampling, "How often memory and CPU are read (100ms to 1h)")
        ->transform(duration(100ms, 1h))
        ->default_str("2s")
        ->group("Sampling");
    app.add_option("--retention", raw.retention, "How long the counters of an ended worker stay (0s to 24h)")
        ->transform(duration(0s, 24h))
        ->default_str("5m")
        ->group("Sampling");
    app.add_option("--log-level", raw.options.log_level, "What to log to standard error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
        ->capture_default_str()
        ->group("Logging");
}

Result<ServeOptions> finish(Raw& raw) {
    if (raw.unlogged && !raw.exceptions) return fail("--python-unlogged needs --collector.exceptions");
    auto observer = raw.observer.finish();
    if (!observer) return std::unexpected(observer.error());
    auto options = raw.options;
    options.observer = std::move(*observer);
    options.observer.measured = raw.measured;
    options.observer.exceptions = raw.exceptions;
    options.observer.unlogged_exceptions = raw.unlogged;
    options.observer.collector = raw.collector;
    options.observer.imports = raw.imports;
    options.sampling_interval = std::chrono::milliseconds(raw.sampling);
    options.observer.retention =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::milliseconds(raw.retention));
    return options;
}

} // namespace

Run declare_serve(CLI::App& app) {
    const auto raw = std::make_shared<Raw>();
    declare_options(app, *raw);
    return [raw]() -> Result<int> {
        const auto options = finish(*raw);
        if (!options) return std::unexpected(options.error());
        if (auto served = serve(*options); !served) return std::unexpected(served.error());
        return 0;
    };
}

} // namespace commands

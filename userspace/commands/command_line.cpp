// SPDX-License-Identifier: BSD-2-Clause
#include "commands/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "http/route_template.h"

namespace commands {

namespace {

using Milliseconds = std::int64_t;

const CLI::AsNumberWithUnit
    kDuration(std::map<std::string, Milliseconds>{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}},
              CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION");

struct Raw { // as given, before it is looked at together
    Milliseconds sampling = 2000;
    Milliseconds retention = 300'000;
    std::string folding = "on";
    std::vector<std::string> routes;
    std::string routes_file;
};

void declare(CLI::App& app, ServeOptions& options, Raw& raw) {
    app.add_option("--pid", options.observer.pids,
                   "Observe this Gunicorn only: the pid of a master or of one of its workers. May be repeated. "
                   "Without it, every Gunicorn of the host is observed, also those that start later")
        ->check(CLI::PositiveNumber)
        ->group("What to observe");
    app.add_option("--kubernetes.log-directory", options.observer.log_directory,
                   "The node's /var/log: its names of files tell the names of pods and containers")
        ->capture_default_str()
        ->group("Labels");
    app.add_option("--endpoint-folding", raw.folding,
                   "Replace path segments that are identifiers by {id}, {uuid}, {hash} or {date}")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str()
        ->group("Labels");
    app.add_option("--route", raw.routes, "A route of the application, such as /users/{name}. May be repeated")
        ->group("Labels");
    app.add_option("--routes-file", raw.routes_file, "A file of routes, one in a line; # begins a comment")
        ->check(CLI::ExistingFile)
        ->group("Labels");
    app.add_option("--endpoint-limit", options.observer.endpoint_limit,
                   "Distinct endpoints per target; further ones are called \"other\"")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str()
        ->group("Labels");
    app.add_flag("--routes", options.observer.measured.routes,
                 "Count every request by method, endpoint and status, not only the failed ones, with durations")
        ->group("What to measure");
    const auto collector = [&](const std::string& name, bool& on, const std::string& what) {
        app.add_flag(fmt::format("--collector.{0},!--no-collector.{0}", name), on, what)
            ->default_str("on")
            ->group("What to measure");
    };
    collector("activity", options.observer.measured.activity, "Busy time, requests in flight, open connections");
    collector("waits", options.observer.measured.waits, "How long connections wait for accept() and to be read");
    collector("backlog", options.observer.measured.backlog, "How many connections wait in each listener");
    collector("sizes", options.observer.measured.sizes, "Sizes of requests and responses, time to first byte");
    collector("exceptions", options.observer.exceptions, "The class of the exception behind an error");
    app.add_option("--web.listen-address", options.web.listen_address, "Where to serve")
        ->capture_default_str()
        ->group("Web");
    app.add_option("--web.telemetry-path", options.web.telemetry_path, "Path of the metrics")
        ->capture_default_str()
        ->group("Web");
    app.add_option("--sampling-interval", raw.sampling, "How often memory and CPU are read (100ms to 1h)")
        ->transform(kDuration)
        ->check(CLI::Range(Milliseconds{100}, Milliseconds{3'600'000}))
        ->default_str("2s")
        ->group("Sampling");
    app.add_option("--retention", raw.retention, "How long the counters of an ended worker stay (0s to 24h)")
        ->transform(kDuration)
        ->check(CLI::Range(Milliseconds{0}, Milliseconds{86'400'000}))
        ->default_str("5m")
        ->group("Sampling");
    app.add_option("--max-processes", options.observer.max_processes, "Masters and workers observed at a time")
        ->check(CLI::Range(1, 65'534))
        ->capture_default_str()
        ->group("Limits");
    app.add_option("--max-connections", options.observer.max_connections, "Open connections tracked at a time")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group("Limits");
    app.add_option("--log-level", options.log_level, "What to log to standard error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
        ->capture_default_str()
        ->group("Logging");
}

Result<std::vector<std::string>> routes_in(const std::string& file) {
    std::vector<std::string> routes;
    if (file.empty()) return routes;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        line = CLI::detail::trim_copy(line.substr(0, line.find('#')));
        if (!line.empty()) routes.push_back(line);
    }
    if (!stream.eof()) return fail(fmt::format("--routes-file {}: cannot be read", file));
    return routes;
}

Result<void> finish(ServeOptions& options, Raw& raw) {
    std::vector<http::RouteTemplate> routes;
    const auto more = routes_in(raw.routes_file);
    if (!more) return std::unexpected(more.error());
    raw.routes.insert(raw.routes.end(), more->begin(), more->end());
    for (const auto& text : raw.routes) {
        auto route = http::RouteTemplate::parse(text);
        if (!route) return fail(fmt::format("--route {}: {}", text, route.error().text));
        routes.push_back(std::move(*route));
    }
    using Identifiers = http::EndpointFolding::Identifiers;
    options.observer.endpoints =
        http::EndpointFolding(raw.folding == "on" ? Identifiers::fold : Identifiers::keep, std::move(routes));
    options.sampling_interval = std::chrono::milliseconds(raw.sampling);
    options.observer.retention =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::milliseconds(raw.retention));
    return {};
}

} // namespace

Result<std::variant<ServeOptions, Text>> parse(int argc, const char* const* argv) {
    ServeOptions options;
    Raw raw;
    CLI::App app("Sees into Gunicorn from outside, with eBPF: serves Prometheus metrics of every worker, exact and "
                 "without a change to the application.",
                 "gunicorn-bpf-exporter");
    app.set_version_flag("--version", "gunicorn-bpf-exporter " VERSION);
    declare(app, options, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) { // --help, --version
        std::ostringstream text;
        app.exit(success, text, text);
        return Text{text.str()};
    } catch (const CLI::ParseError& error) {
        return fail(fmt::format("{} (see --help)", error.what()));
    }
    if (auto finished = finish(options, raw); !finished) return std::unexpected(finished.error());
    return options;
}

} // namespace commands

// SPDX-License-Identifier: BSD-2-Clause
#include "commands/observer_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <utility>

#include "commands/positive.h"
#include "http/route_template.h"

namespace commands {

namespace {

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

} // namespace

void ObserverOptions::declare(CLI::App& app) {
    app.add_option("--pid", options_.pids,
                   "Observe this Gunicorn only: the pid of a master or of one of its workers. May be repeated. "
                   "Without it, every Gunicorn of the host is observed, also those that start later")
        ->type_name("PID")
        ->check(positive())
        ->group("What to observe");
    app.add_option("--kubernetes.log-directory", options_.log_directory,
                   "The node's /var/log: its names of files tell the names of pods and containers")
        ->capture_default_str()
        ->group("Labels");
    app.add_option("--endpoint-folding", folding_,
                   "Replace path segments that are identifiers by {id}, {uuid}, {hash} or {date}")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str()
        ->group("Labels");
    app.add_option("--route", routes_, "A route of the application, such as /users/{name}. May be repeated")
        ->group("Labels");
    app.add_option("--routes-file", routes_file_, "A file of routes, one in a line; # begins a comment")
        ->check(CLI::ExistingFile)
        ->group("Labels");
    app.add_option("--endpoint-limit", options_.endpoint_limit,
                   "Distinct endpoints per target; further ones are called \"other\"")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str()
        ->group("Labels");
    app.add_option("--max-processes", options_.max_processes, "Masters and workers observed at a time")
        ->check(CLI::Range(1, 65'534))
        ->capture_default_str()
        ->group("Limits");
    app.add_option("--max-connections", options_.max_connections, "Open connections tracked at a time")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group("Limits");
}

Result<observer::Options> ObserverOptions::finish() {
    std::vector<http::RouteTemplate> routes;
    const auto more = routes_in(routes_file_);
    if (!more) return std::unexpected(more.error());
    auto texts = routes_;
    texts.insert(texts.end(), more->begin(), more->end());
    for (const auto& text : texts) {
        auto route = http::RouteTemplate::parse(text);
        if (!route) return fail(fmt::format("--route {}: {}", text, route.error().text));
        routes.push_back(std::move(*route));
    }
    using Identifiers = http::EndpointFolding::Identifiers;
    auto options = options_;
    options.endpoints =
        http::EndpointFolding(folding_ == "on" ? Identifiers::fold : Identifiers::keep, std::move(routes));
    return options;
}

} // namespace commands

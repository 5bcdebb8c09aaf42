// SPDX-License-Identifier: BSD-2-Clause
#include "commands/observer_options.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace commands {

namespace {

std::string trimmed(const std::string& text) {
    constexpr auto kSpace = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(kSpace);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<void> add_route(std::vector<http::RouteTemplate>& routes, const std::string& text) {
    auto route = http::RouteTemplate::parse(text);
    if (!route) return fail(fmt::format("{}: {}", text, route.error().text));
    routes.push_back(std::move(*route));
    return {};
}

Result<void> add_routes_of_file(std::vector<http::RouteTemplate>& routes, const std::string& file) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const auto route = trimmed(line.substr(0, line.find('#')));
        if (!route.empty()) TRY_VOID(add_route(routes, route));
    }
    if (!stream.eof()) return fail(fmt::format("{}: cannot be read", file));
    return {};
}

} // namespace

Option pid_option(std::vector<pid_t>& target, const std::string& verb) {
    return {.name = "pid",
            .purpose = verb + " this Gunicorn only: the pid of a master or of one of its workers. May be repeated",
            .target = &target};
}

Option log_directory_option(std::string& target) {
    return {.name = "kubernetes.log-directory",
            .purpose = "Directory with the node's pod logs, used to resolve pod and container names",
            .target = &target};
}

std::vector<Option> with_observer_options(ObserverOptions& target, std::vector<Option> own) {
    auto& options = target.options;
    auto& routes = target.routes;
    auto pid = pid_option(options.pids, "Observe");
    pid.group = "What to observe";
    pid.purpose += ". Without it, every Gunicorn of the host is observed, also those that start later";
    auto log_directory = log_directory_option(options.log_directory);
    log_directory.group = "Labels";
    std::vector<Option> all{
        std::move(pid),
        std::move(log_directory),
        {.name = "endpoint-folding",
         .group = "Labels",
         .purpose = "Replace path segments that are identifiers by {id}, {uuid}, {hash} or {date}",
         .target = Choice{&target.folding, {"on", "off"}}},
        {.name = "route",
         .group = "Labels",
         .purpose = "A route of the application, such as /users/{name}. May be repeated",
         .target = Parser([&](const std::string& text) { return add_route(routes, text); }),
         .repeatable = true},
        {.name = "routes-file",
         .group = "Labels",
         .purpose = "A file of routes, one per line; # begins a comment",
         .target = Parser([&](const std::string& file) { return add_routes_of_file(routes, file); })},
        {.name = "endpoint-limit",
         .group = "Labels",
         .purpose = "Distinct endpoints per target; further ones are called \"other\"",
         .target = WholeNumber(options.endpoint_limit, 1, 100'000)},
        {.name = "max-processes",
         .group = "Limits",
         .purpose = "Masters and workers observed at a time",
         .target = WholeNumber(options.max_processes, 1, 32'766)},
        {.name = "max-connections",
         .group = "Limits",
         .purpose = "Open connections of a Gunicorn tracked at a time; several share twice as many",
         .target = WholeNumber(options.max_connections, 1, 1'000'000)},
    };
    std::ranges::move(own, std::back_inserter(all));
    return all;
}

observer::Options ObserverOptions::resolved() const {
    using Identifiers = http::EndpointFolding::Identifiers;
    auto result = options;
    result.endpoints = http::EndpointFolding(folding == "on" ? Identifiers::fold : Identifiers::keep, routes);
    return result;
}

} // namespace commands

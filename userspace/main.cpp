// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <variant>

#include "commands/command_line.h"

namespace {

int complain(const std::string& sentence) {
    fmt::print(stderr, "gunicorn-bpf-exporter: {}\n", sentence);
    return 1;
}

int run(int argc, char** argv) {
    // Standard output is for answers, standard error for the log.
    spdlog::set_default_logger(spdlog::stderr_color_mt("gunicorn-bpf-exporter"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    const auto parsed = commands::parse(argc, argv, environ);
    if (!parsed) return complain(parsed.error().text);
    if (const auto* text = std::get_if<commands::Text>(&*parsed)) {
        fmt::print("{}", text->text);
        return 0;
    }
    if (const auto* misuse = std::get_if<commands::Misuse>(&*parsed)) {
        complain(misuse->text);
        return 2;
    }
    const auto done = std::get<commands::Run>(*parsed)();
    return done ? *done : complain(done.error().text);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        return complain(error.what());
    }
}

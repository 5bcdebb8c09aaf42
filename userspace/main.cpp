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

int print_error(const std::string& sentence) {
    fmt::print(stderr, "gunicorn-bpf-exporter: {}\n", sentence);
    return 1;
}

int run(int argc, char** argv) {
    // Answers go to standard output, the log to standard error.
    spdlog::set_default_logger(spdlog::stderr_color_mt("gunicorn-bpf-exporter"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    const auto parsed = commands::parse(argc, argv, environ);
    if (!parsed) return print_error(parsed.error().text);
    if (const auto* text = std::get_if<commands::Text>(&*parsed)) {
        fmt::print("{}", text->text);
        return 0;
    }
    if (const auto* misuse = std::get_if<commands::Misuse>(&*parsed)) {
        print_error(misuse->text);
        return 2;
    }
    const auto done = std::get<commands::Run>(*parsed)();
    return done ? *done : print_error(done.error().text);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        return print_error(error.what());
    }
}

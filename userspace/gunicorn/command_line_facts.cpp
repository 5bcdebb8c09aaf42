// SPDX-License-Identifier: BSD-2-Clause
// What a master's command line says of it.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "gunicorn/facts.h"

namespace gunicorn {
namespace {

using Arguments = std::vector<std::string>;

// Those of Gunicorn: what stands in front of it is for the interpreter.
Arguments own_arguments(const Arguments& command_line) {
    const auto gunicorn = std::ranges::find_if(command_line, [](const std::string& argument) {
        return argument == "gunicorn" || argument.ends_with("/gunicorn") || argument.ends_with("gunicorn/__main__.py");
    });
    return gunicorn == command_line.end() ? Arguments{} : Arguments(gunicorn + 1, command_line.end());
}

// The values of "-b VALUE", "-bVALUE", "--bind VALUE" and "--bind=VALUE".
Arguments values_of(const Arguments& arguments, std::string_view letter, std::string_view name) {
    Arguments values;
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        if (*argument == name || (!letter.empty() && *argument == letter)) {
            if (++argument == arguments.end()) break;
            values.push_back(*argument);
        } else if (argument->starts_with(name) && argument->substr(name.size()).starts_with('=')) {
            values.push_back(argument->substr(name.size() + 1));
        } else if (!letter.empty() && argument->starts_with(letter)) {
            values.push_back(argument->substr(letter.size()));
        }
    }
    return values;
}

} // namespace

Facts facts_of_command_line(const std::vector<std::string>& command_line) {
    const auto arguments = own_arguments(command_line);
    Facts facts;
    if (const auto classes = values_of(arguments, "-k", "--worker-class"); !classes.empty())
        facts["worker_class"] = classes.back();
    const auto threads = values_of(arguments, "", "--threads");
    if (facts["worker_class"] == "sync" && !threads.empty() && threads.back() != "1") facts["worker_class"] = "gthread";
    if (facts["worker_class"].empty()) facts.erase("worker_class");
    if (const auto addresses = values_of(arguments, "-b", "--bind"); !addresses.empty())
        facts["bind"] = fmt::format("{}", fmt::join(addresses, ","));
    return facts;
}

} // namespace gunicorn

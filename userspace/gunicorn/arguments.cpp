// SPDX-License-Identifier: BSD-2-Clause
#include "gunicorn/arguments.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gunicorn {

Arguments own_arguments(const Arguments& command_line) {
    const auto gunicorn = std::ranges::find_if(command_line, [](const std::string& argument) {
        return argument == "gunicorn" || argument.ends_with("/gunicorn") || argument.ends_with("gunicorn/__main__.py");
    });
    return gunicorn == command_line.end() ? Arguments{} : Arguments(gunicorn + 1, command_line.end());
}

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

Arguments split_arguments(std::string_view text) {
    Arguments arguments;
    std::string argument;
    bool begun = false;
    char quote = '\0';
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char byte = text[i];
        if (byte == '\\' && quote != '\'' && i + 1 < text.size()) {
            argument += text[++i];
            begun = true;
        } else if (quote != '\0') {
            if (byte != quote) argument += byte;
            if (byte == quote) quote = '\0';
        } else if (byte == '\'' || byte == '"') {
            quote = byte;
            begun = true;
        } else if (byte == ' ' || byte == '\t' || byte == '\n') {
            if (begun) arguments.push_back(std::exchange(argument, {}));
            begun = false;
        } else {
            argument += byte;
            begun = true;
        }
    }
    if (quote != '\0') return {};
    if (begun) arguments.push_back(argument);
    return arguments;
}

} // namespace gunicorn

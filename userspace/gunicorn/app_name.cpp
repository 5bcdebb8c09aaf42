// SPDX-License-Identifier: BSD-2-Clause
// What an application is called.
#include "gunicorn/app_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

namespace gunicorn {
namespace {

bool is_word(std::string_view text) {
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) != 0) return false;
    return std::ranges::all_of(text, [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; });
}

bool is_dotted(std::string_view text) {
    for (;;) {
        const auto point = text.find('.');
        if (!is_word(text.substr(0, point))) return false;
        if (point == std::string_view::npos) return true;
        text.remove_prefix(point + 1);
    }
}

// "package.module:application" or "package.module:make_app('x')"; not the value of --bind or --config.
bool is_application(std::string_view argument) {
    static constexpr std::array<std::string_view, 4> kSchemes = {"python", "file", "unix", "egg"};
    const auto colon = argument.find(':');
    if (colon == std::string_view::npos) return false;
    const auto module = argument.substr(0, colon);
    auto callable = argument.substr(colon + 1);
    if (const auto parenthesis = callable.find('('); parenthesis != std::string_view::npos) {
        if (!callable.ends_with(')')) return false;
        callable = callable.substr(0, parenthesis);
    }
    return is_dotted(module) && is_dotted(callable) && std::ranges::find(kSchemes, module) == kSchemes.end();
}

// "gunicorn: master [wapp:app]"
std::optional<std::string> name_in_title(std::string_view title, bool successor) {
    constexpr std::string_view kBegin = "gunicorn: master [";
    const auto end = title.rfind(']');
    if (!title.starts_with(kBegin) || end == std::string_view::npos || end < kBegin.size()) return std::nullopt;
    auto name = without_generation(std::string{title.substr(kBegin.size(), end - kBegin.size())}, successor);
    // Gunicorn's default where the configuration names the application.
    return without_generation(name, true) == kNoName ? std::string{} : name;
}

std::optional<std::string> name_option(const std::vector<std::string>& arguments) {
    constexpr std::string_view kLong = "--name=";
    std::optional<std::string> name;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const bool separate = argument == "-n" || argument == "--name";
        if (separate && i + 1 < arguments.size()) name = arguments[i + 1];
        if (argument.starts_with(kLong)) name = argument.substr(kLong.size());
        if (argument.starts_with("-n") && argument.size() > 2) name = argument.substr(2);
    }
    return name;
}

} // namespace

std::string without_generation(std::string name, bool successor) {
    constexpr std::string_view kGeneration = ".2";
    if (successor && name.ends_with(kGeneration)) name.resize(name.size() - kGeneration.size());
    return name;
}

std::string app_name(const std::vector<std::string>& command_line, bool successor) {
    if (command_line.empty()) return {};
    if (auto name = name_in_title(command_line.front(), successor)) return *std::move(name);
    if (auto name = name_option(command_line)) return *std::move(name);
    const auto last = std::find_if(command_line.rbegin(), command_line.rend() - 1, is_application);
    return last == command_line.rend() - 1 ? std::string{} : *last;
}

} // namespace gunicorn

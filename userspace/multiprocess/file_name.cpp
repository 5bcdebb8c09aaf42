// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/file_name.h"

#include <algorithm>
#include <array>

namespace multiprocess {
namespace {

constexpr std::string_view kEnding = ".db";
constexpr std::array<std::pair<std::string_view, Type>, 4> kTypes{{
    {"counter", Type::counter},
    {"gauge", Type::gauge},
    {"histogram", Type::histogram},
    {"summary", Type::summary},
}};
constexpr std::array<std::pair<std::string_view, Mode>, 5> kModes{{
    {"all", Mode::all},
    {"min", Mode::min},
    {"max", Mode::max},
    {"sum", Mode::sum},
    {"mostrecent", Mode::most_recent},
}};

// Cuts off what stands before the next "_".
std::string_view next_part(std::string_view& rest) {
    const auto end = std::min(rest.find('_'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

bool parse_mode(std::string_view text, FileName& name) {
    constexpr std::string_view kLive = "live";
    name.live = text.starts_with(kLive);
    if (name.live) text.remove_prefix(kLive.size());
    const auto mode = std::ranges::find(kModes, text, [](const auto& known) { return known.first; });
    if (mode == kModes.end()) return false;
    name.mode = mode->second;
    return true;
}

} // namespace

bool is_client_file(std::string_view name) {
    if (!name.ends_with(kEnding)) return false;
    const auto begins_so = [&](const auto& type) {
        return name.starts_with(type.first) && name.substr(type.first.size()).starts_with('_');
    };
    return std::ranges::any_of(kTypes, begins_so);
}

std::optional<FileName> parse_file_name(std::string_view name) {
    if (!is_client_file(name)) return std::nullopt;
    FileName parsed;
    auto rest = name.substr(0, name.size() - kEnding.size());
    parsed.type = std::ranges::find(kTypes, next_part(rest), [](const auto& known) { return known.first; })->second;
    if (parsed.type == Type::gauge && !parse_mode(next_part(rest), parsed)) return std::nullopt;
    parsed.pid = rest;
    if (parsed.pid.empty()) return std::nullopt;
    return parsed;
}

} // namespace multiprocess

// SPDX-License-Identifier: BSD-2-Clause
#include "trace/filter.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>

namespace trace {

namespace {

std::optional<StatusRange> parse_status(std::string_view text) {
    const auto is_digit = [](char each) { return std::isdigit(static_cast<unsigned char>(each)) != 0; };
    if (text.size() != 3 || !is_digit(text[0]) || text[0] == '0') return std::nullopt;
    const int hundreds = (text[0] - '0') * 100;
    if (text.substr(1) == "xx" || text.substr(1) == "XX") return StatusRange{hundreds, hundreds + 99};
    if (!is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
    const int status = hundreds + (text[1] - '0') * 10 + (text[2] - '0');
    return StatusRange{status, status};
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

} // namespace

bool names_worker(std::string_view text) {
    constexpr std::string_view kPrefix = "worker_";
    if (!text.starts_with(kPrefix)) return is_number(text);
    text.remove_prefix(kPrefix.size());
    const auto underscore = text.find('_');
    return underscore != std::string_view::npos && is_number(text.substr(0, underscore)) &&
           is_number(text.substr(underscore + 1));
}

Result<std::vector<StatusRange>> parse_statuses(std::string_view text) {
    std::vector<StatusRange> ranges;
    for (;;) {
        const auto comma = text.find(',');
        const auto one = text.substr(0, comma);
        const auto range = parse_status(one);
        if (!range) return fail(fmt::format("\"{}\" is no status: give 500, 5xx, or several, as in 404,5xx", one));
        ranges.push_back(*range);
        if (comma == std::string_view::npos) return ranges;
        text.remove_prefix(comma + 1);
    }
}

bool Filter::matches(const Request& request) const {
    if (slower_than.count() != 0 && request.duration <= slower_than) return false;
    const auto is_in = [&](const StatusRange& range) {
        return request.status >= range.first && request.status <= range.last;
    };
    if (!statuses.empty() && std::ranges::none_of(statuses, is_in)) return false;
    if (endpoint && fnmatch(endpoint->c_str(), request.path.c_str(), 0) != 0) return false;
    return !worker || *worker == request.worker || *worker == std::to_string(request.pid);
}

} // namespace trace

// SPDX-License-Identifier: BSD-2-Clause
// Which segments of a path are identifiers.
#include "http/endpoint.h"

#include <algorithm>
#include <utility>

#include "ascii.h"

namespace http {
namespace {

constexpr std::size_t kHashDigits = 16; // 64 bits: the shortest digest that is used as a name

bool is_number(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

// Whether `text` has the form of `pattern`, where 'd' is a decimal digit, 'x' a hexadecimal one.
bool has_form(std::string_view text, std::string_view pattern) {
    return std::ranges::equal(text, pattern, [](char c, char form) {
        return form == 'd' ? is_digit(c) : form == 'x' ? is_hexadecimal_digit(c) : c == form;
    });
}

bool is_uuid(std::string_view text) { return has_form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"); }

bool is_hash(std::string_view text) {
    return text.size() >= kHashDigits && std::ranges::all_of(text, is_hexadecimal_digit) &&
           std::ranges::any_of(text, is_digit);
}

bool is_between(std::string_view two_digits, int least, int most) {
    const int number = (two_digits[0] - '0') * 10 + (two_digits[1] - '0');
    return number >= least && number <= most;
}

bool is_date(std::string_view text) {
    const auto date = text.substr(0, text.find('T'));
    const bool month = has_form(date, "dddd-dd") && date.size() == text.size();
    const bool day = has_form(date, "dddd-dd-dd");
    if (!month && !day) return false;
    const bool time_is_plain =
        text.substr(date.size()).find_first_not_of("T0123456789:.,+-Z") == std::string_view::npos;
    return is_between(date.substr(5, 2), 1, 12) && (!day || is_between(date.substr(8, 2), 1, 31)) && time_is_plain;
}

std::string_view fold(std::string_view segment) {
    if (is_number(segment)) return "{id}";
    if (is_uuid(segment)) return "{uuid}";
    if (is_date(segment)) return "{date}";
    if (is_hash(segment)) return "{hash}";
    return segment;
}

} // namespace

EndpointFolding::EndpointFolding(Identifiers identifiers, std::vector<RouteTemplate> routes)
    : identifiers_(identifiers), routes_(std::move(routes)) {}

std::string EndpointFolding::endpoint_of(std::string_view path) const {
    const auto route = std::ranges::find_if(routes_, [&](const RouteTemplate& each) { return each.matches(path); });
    if (route != routes_.end()) return route->text();
    if (identifiers_ == Identifiers::keep || !path.starts_with('/')) return std::string(path);

    std::string endpoint;
    while (!path.empty()) { // always at a slash
        const auto end = std::min(path.find('/', 1), path.size());
        endpoint += '/';
        endpoint += fold(path.substr(1, end - 1));
        path.remove_prefix(end);
    }
    return endpoint;
}

} // namespace http

// SPDX-License-Identifier: BSD-2-Clause
// Quality values, media ranges and content codings.
#include "web/negotiation.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>

namespace web {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

// Takes the part up to `separator` off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const auto end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return trimmed(part);
}

// A parameter's value may be a quoted string.
std::string_view without_quotes(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return text;
    return text.substr(1, text.size() - 2);
}

struct Choice {
    std::string name;    // lower case: "text/plain", "gzip"
    std::string version; // the parameter of that name, or empty
    double quality = 1;  // 0 is "not acceptable"
};

// A quality that cannot be read makes its choice unacceptable: guessing 1 could send what nobody asked for.
double quality_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1)) return 0;
    return value;
}

Choice parse_choice(std::string_view text) {
    Choice choice{.name = lower(take_until(text, ';')), .version = {}, .quality = 1};
    while (!text.empty()) {
        std::string_view value = take_until(text, ';');
        const std::string name = lower(take_until(value, '='));
        if (name == "q") choice.quality = quality_of(trimmed(value));
        if (name == "version") choice.version = without_quotes(trimmed(value));
    }
    return choice;
}

template <typename Visit> void for_each_choice(std::string_view header, Visit visit) {
    while (!header.empty()) {
        const Choice choice = parse_choice(take_until(header, ','));
        if (!choice.name.empty()) visit(choice);
    }
}

// The first known one counts: a media range is the less specific the later it is listed here.
double first_of(const std::optional<double>& named, const std::optional<double>& range,
                const std::optional<double>& any) {
    return named.value_or(range.value_or(any.value_or(0)));
}

void raise(std::optional<double>& known, double quality) { known = std::max(known.value_or(0), quality); }

} // namespace

std::string_view content_type_of(Format format) {
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Format preferred_format(std::string_view accept) {
    std::optional<double> openmetrics;
    std::optional<double> plain;
    std::optional<double> any_text;
    std::optional<double> anything;
    bool openmetrics_first = true; // on equal quality the client's order decides
    for_each_choice(accept, [&](const Choice& choice) {
        if (choice.name == "application/openmetrics-text") {
            // Version 0.0.1 was a draft with other rules; a client that knows only that one gets the text format.
            if (!choice.version.empty() && !choice.version.starts_with("1.")) return;
            raise(openmetrics, choice.quality);
        } else if (choice.name == "text/plain") {
            if (!openmetrics) openmetrics_first = false;
            raise(plain, choice.quality);
        } else if (choice.name == "text/*") {
            raise(any_text, choice.quality);
        } else if (choice.name == "*/*") {
            raise(anything, choice.quality);
        }
    });
    const double text = first_of(plain, any_text, anything);
    const double wanted = openmetrics.value_or(0);
    if (wanted > text || (wanted > 0 && wanted == text && openmetrics_first)) return Format::openmetrics;
    return Format::text;
}

bool accepts_gzip(std::string_view accept_encoding) {
    std::optional<double> gzip;
    std::optional<double> anything;
    double identity = 0;
    for_each_choice(accept_encoding, [&](const Choice& choice) {
        if (choice.name == "gzip" || choice.name == "x-gzip") raise(gzip, choice.quality);
        if (choice.name == "*") raise(anything, choice.quality);
        if (choice.name == "identity") identity = choice.quality;
    });
    const double quality = gzip.value_or(anything.value_or(0));
    return quality > 0 && quality >= identity;
}

} // namespace web

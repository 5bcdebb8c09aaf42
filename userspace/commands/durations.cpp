// SPDX-License-Identifier: BSD-2-Clause
#include "commands/durations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

namespace commands {
namespace {

using Milliseconds = std::chrono::milliseconds::rep;

struct Unit {
    std::string_view name;
    Milliseconds milliseconds;
};
// "ms" before "m", which it begins with.
constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr double kRoundingError = 1e-6; // of 1.1 × 1000

void skip_spaces(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

// Takes one number with its unit from the front.
std::optional<double> take_part(std::string_view& text) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (parsed.ec != std::errc{} || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    skip_spaces(text);
    const auto* const unit =
        std::ranges::find_if(kUnits, [&](const Unit& each) { return text.starts_with(each.name); });
    if (unit == kUnits.end()) return std::nullopt;
    text.remove_prefix(unit->name.size());
    skip_spaces(text);
    return number * static_cast<double>(unit->milliseconds);
}

std::optional<double> milliseconds_of(std::string_view text) {
    double sum = 0;
    skip_spaces(text);
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const auto part = take_part(text);
        if (!part) return std::nullopt;
        sum += *part;
    }
    return sum;
}

} // namespace

std::string duration_text(std::chrono::milliseconds span) {
    const Milliseconds count = span.count();
    const auto unit = std::ranges::find_if(kUnits.rbegin(), kUnits.rend(), [&](const Unit& each) {
        return count >= each.milliseconds && count % each.milliseconds == 0;
    });
    return unit == kUnits.rend() ? "0s" : fmt::format("{}{}", count / unit->milliseconds, unit->name);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds lowest,
                                                 std::chrono::milliseconds highest) {
    const auto span = milliseconds_of(text);
    if (!span)
        return fail(fmt::format("has to be a number with a unit, such as 500ms, 1.5s, 5m or 1h30m, not '{}'", text));
    const auto whole = std::round(*span);
    if (whole < static_cast<double>(lowest.count()) || whole > static_cast<double>(highest.count()))
        return fail(
            fmt::format("has to be from {} to {}, not {}", duration_text(lowest), duration_text(highest), text));
    if (std::abs(*span - whole) > kRoundingError)
        return fail(fmt::format("has to be whole milliseconds, not {}", text));
    return std::chrono::milliseconds(static_cast<Milliseconds>(whole));
}

} // namespace commands

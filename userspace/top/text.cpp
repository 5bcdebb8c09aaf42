// SPDX-License-Identifier: BSD-2-Clause
#include "top/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace top {

std::string duration_text(std::optional<double> seconds) {
    if (!seconds) return "-";
    const auto milliseconds = *seconds * 1000;
    if (milliseconds < 9.95) return fmt::format("{:.1f}ms", milliseconds);
    if (milliseconds < 999.5) return fmt::format("{:.0f}ms", milliseconds);
    if (*seconds < 9.995) return fmt::format("{:.2f}s", *seconds);
    if (*seconds < 120) return fmt::format("{:.0f}s", *seconds);
    return fmt::format("{:.0f}m", *seconds / 60);
}

std::string bound_text(std::optional<Bound> bound) {
    if (!bound) return "-";
    const auto text =
        bound->seconds < 1 ? fmt::format("{:g}ms", bound->seconds * 1000) : fmt::format("{:g}s", bound->seconds);
    return bound->beyond ? ">" + text : text;
}

std::string bytes_text(std::optional<std::uint64_t> bytes) {
    if (!bytes) return "-";
    auto value = static_cast<double>(*bytes);
    for (const char unit : {'B', 'K', 'M', 'G'}) {
        if (value < 999.5)
            return value < 9.95 && unit != 'B' ? fmt::format("{:.1f}{}", value, unit)
                                               : fmt::format("{:.0f}{}", value, unit);
        value /= 1024;
    }
    return fmt::format("{:.1f}T", value);
}

std::string age_text(std::optional<double> seconds) {
    if (!seconds) return "-";
    const auto all = static_cast<std::int64_t>(std::max(0.0, *seconds));
    if (all < 60) return fmt::format("{}s", all);
    if (all < 3600) return fmt::format("{}m{:02}s", all / 60, all % 60);
    if (all < 86400) return fmt::format("{}h{:02}m", all / 3600, all % 3600 / 60);
    return fmt::format("{}d{:02}h", all / 86400, all % 86400 / 3600);
}

std::string number_text(std::optional<double> number, int digits) {
    return number ? fmt::format("{:.{}f}", *number, digits) : "-";
}

std::string count_text(std::optional<std::uint64_t> count) { return count ? fmt::format("{}", *count) : "-"; }

} // namespace top

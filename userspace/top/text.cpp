// SPDX-License-Identifier: BSD-2-Clause
#include "top/text.h"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>
#include <array>

#include "http/utf8.h"

namespace top {

namespace {

char32_t code_point(std::string_view character) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
    if (character.size() == 1) return byte(0);
    char32_t code = byte(0) & (0x7Fu >> character.size());
    for (std::size_t at = 1; at < character.size(); at++) code = code << 6 | (byte(at) & 0x3Fu);
    return code;
}

std::string escaped(char32_t code) {
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    if (code < 0x80) return fmt::format("\\x{:02x}", static_cast<unsigned>(code));
    return fmt::format("\\u{{{:x}}}", static_cast<unsigned>(code));
}

// -1: not printable here.
int width_of(char32_t code) { return wcwidth(static_cast<wchar_t>(code)); }

// Bytes of the first characters that fit.
std::size_t fitting(std::string_view text, std::size_t most) {
    std::size_t bytes = 0;
    for (std::size_t used = 0; bytes < text.size();) {
        const auto length = std::max(std::size_t{1}, http::utf8_character(text.substr(bytes)));
        const auto width = std::max(0, width_of(code_point(text.substr(bytes, length))));
        used += static_cast<std::size_t>(width);
        if (used > most) break;
        bytes += length;
    }
    return bytes;
}

} // namespace

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto length = http::utf8_character(text);
        if (length == 0) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
            text.remove_prefix(1);
            continue;
        }
        const auto code = code_point(text.substr(0, length));
        if (width_of(code) > 0)
            result += text.substr(0, length);
        else
            result += escaped(code);
        text.remove_prefix(length);
    }
    return result;
}

std::size_t columns(std::string_view text) {
    std::size_t sum = 0;
    while (!text.empty()) {
        const auto length = std::max(std::size_t{1}, http::utf8_character(text));
        sum += static_cast<std::size_t>(std::max(0, width_of(code_point(text.substr(0, length)))));
        text.remove_prefix(length);
    }
    return sum;
}

std::string cut(std::string_view text, std::size_t most) {
    if (columns(text) <= most) return std::string(text);
    if (most == 0) return {};
    return std::string(text.substr(0, fitting(text, most - 1))) + "~";
}

std::string left(std::string_view text, std::size_t width) {
    auto result = cut(text, width);
    result.append(width - columns(result), ' ');
    return result;
}

std::string right(std::string_view text, std::size_t width) {
    auto result = cut(text, width);
    result.insert(0, width - columns(result), ' ');
    return result;
}

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

// SPDX-License-Identifier: BSD-2-Clause
// Takes apart the lines of /proc: fields between blanks, numbers, "Key: value" lines.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace procfs {

// Cuts the next field off `rest`; empty when there is none.
inline std::string_view next_field(std::string_view& rest) {
    const auto begin = rest.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        rest = {};
        return {};
    }
    const auto end = rest.find_first_of(" \t\n", begin);
    const auto field = rest.substr(begin, end == std::string_view::npos ? end : end - begin);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    return field;
}

inline void skip_fields(std::string_view& rest, int count) {
    for (; count > 0; --count) next_field(rest);
}

// Cuts the next line off `rest`, without its end.
inline std::string_view next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return line;
}

// The whole of `text` as a number, or nothing.
template <std::integral Number> std::optional<Number> number(std::string_view text, int base = 10) {
    Number value{};
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, base);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

} // namespace procfs

// SPDX-License-Identifier: BSD-2-Clause
#include "terminal/printable.h"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>

#include "http/utf8.h"

namespace terminal {

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

} // namespace terminal

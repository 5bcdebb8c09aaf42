// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "http/utf8.h"

namespace metrics {
namespace {

constexpr double kExactIntegers = 9007199254740992.0; // 2^53
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Needs no second look, whatever stands around it.
bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '\\' && c != '"'; }

} // namespace

void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
        return;
    }
    std::array<char, 32> digits; // a double needs 24 at most
    char* const first = digits.data();
    char* const last = first + digits.size();
    if (value == std::trunc(value) && std::abs(value) <= kExactIntegers) {
        out.append(first, std::to_chars(first, last, static_cast<std::int64_t>(value)).ptr);
        out += ".0";
        return;
    }
    out.append(first, std::to_chars(first, last, value).ptr);
}

void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
    while (!text.empty()) {
        const auto special = std::ranges::find_if_not(text, is_plain);
        const auto plain = static_cast<std::size_t>(special - text.begin());
        out += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) return;

        const char c = text.front();
        const auto length = c == '\0' ? 0 : http::utf8_character(text);
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quotes == Quotes::escape)
            out += "\\\"";
        else
            out += length == 0 ? kReplacement : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

} // namespace metrics

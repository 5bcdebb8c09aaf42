// SPDX-License-Identifier: BSD-2-Clause
#include "multiprocess/number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace multiprocess {
namespace {

struct Decimal { // digits[0].digits[1…] × 10^exponent
    bool negative = false;
    std::string digits;
    int exponent = 0;
};

// The fewest digits that read back as the same number.
Decimal shortest(double value) {
    std::array<char, 32> text; // "-1.2345678901234567e-308"
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), std::abs(value), std::chars_format::scientific).ptr;
    const std::string_view all(text.data(), static_cast<std::size_t>(end - text.data()));
    const auto e = all.find('e');
    Decimal decimal;
    decimal.negative = std::signbit(value);
    for (const char c : all.substr(0, e))
        if (c != '.') decimal.digits += c;
    const auto sign = all[e + 1];
    std::from_chars(all.data() + e + 2, end, decimal.exponent);
    if (sign == '-') decimal.exponent = -decimal.exponent;
    return decimal;
}

std::string fixed(const Decimal& number) {
    const auto& [negative, digits, exponent] = number;
    if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0') + ".0";
    return digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string mantissa(const Decimal& number) {
    return number.digits.size() == 1 ? number.digits : number.digits.substr(0, 1) + "." + number.digits.substr(1);
}

std::string with_exponent(const Decimal& number) {
    const auto size = std::to_string(std::abs(number.exponent));
    return mantissa(number) + (number.exponent < 0 ? "e-" : "e+") + (size.size() < 2 ? "0" : "") + size;
}

} // namespace

std::string client_number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    const auto number = shortest(value);
    const std::string sign = number.negative ? "-" : "";
    if (number.exponent < -4 || number.exponent >= 16) return sign + with_exponent(number);
    if (number.exponent >= 6 && value > 0) return mantissa(number) + "e+0" + std::to_string(number.exponent);
    return sign + fixed(number);
}

std::optional<double> parse_bound(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end || std::isnan(value)) return std::nullopt;
    return value;
}

} // namespace multiprocess

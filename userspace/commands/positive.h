// SPDX-License-Identifier: BSD-2-Clause
// Whole numbers above 0 on the command line. CLI11's own validator complains with a range of 309 digits.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>

namespace commands {

// For Option::check.
inline CLI::Validator positive() {
    const auto complaint = [](const std::string& text) {
        std::uint64_t value = 0;
        const auto* const end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, value);
        if (parsed.ec == std::errc{} && parsed.ptr == end && value > 0) return std::string{};
        return fmt::format("has to be a whole number above 0, not {}", text);
    };
    return {complaint, ""};
}

} // namespace commands

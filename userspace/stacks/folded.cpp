// SPDX-License-Identifier: BSD-2-Clause
// Folded stacks.
#include "stacks/folded.h"

#include <fmt/format.h>

#include <iterator>

namespace stacks {
namespace {

bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7f; }

// U+0080 to U+009F, which terminals obey as they do an escape: in UTF-8 a byte 0xc2 and one below 0xa0.
bool begins_control(std::string_view text) {
    return text.size() > 1 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
}

// Line and paragraph separators, and what turns the direction of text: U+2028 to U+202E and U+2066 to U+2069.
bool begins_disguise(std::string_view text) {
    if (text.size() < 3 || text[0] != '\xe2') return false;
    const auto third = static_cast<unsigned char>(text[2]);
    return (text[1] == '\x80' && third >= 0xa8 && third <= 0xae) ||
           (text[1] == '\x81' && third >= 0xa6 && third <= 0xa9);
}

} // namespace

std::string escaped(std::string_view text, std::string_view also) {
    std::string result;
    std::size_t raw = 0; // bytes that belong to a character that is being written as numbers
    for (; !text.empty(); text.remove_prefix(1)) {
        if (raw == 0) raw = begins_control(text) ? 2 : begins_disguise(text) ? 3 : 0;
        const auto byte = static_cast<unsigned char>(text.front());
        const bool as_number = raw > 0 || is_control(byte) || byte == '\\' || also.contains(text.front());
        if (as_number) {
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
        } else {
            result += text.front();
        }
        if (raw > 0) --raw;
    }
    return result;
}

std::string frame_name(const Place& place) {
    constexpr std::string_view kSeparator = ";";
    return fmt::format("{} ({}:{})", escaped(place.function, kSeparator), escaped(place.file, kSeparator), place.line);
}

std::string folded(const Profile& profile) {
    std::string text;
    for (const auto& [stack, counts] : profile.stacks()) {
        std::string line;
        for (const auto& place : stack) line += frame_name(place) + ';';
        for (const auto state : {State::kRunning, State::kWaiting}) {
            if (counts.of(state) == 0) continue;
            fmt::format_to(std::back_inserter(text), "{}[{}] {}\n", line, kStateNames[static_cast<std::size_t>(state)],
                           counts.of(state));
        }
    }
    return text;
}

} // namespace stacks

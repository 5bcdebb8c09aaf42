// SPDX-License-Identifier: BSD-2-Clause
#include "event/python_text.h"

#include <cstdint>
#include <cstring>

namespace event {
namespace {

void append(std::string& text, std::uint32_t character) {
    const auto following = [&](unsigned shift) { text += static_cast<char>(0x80 | (character >> shift & 0x3f)); };
    if (character < 0x80) {
        text += static_cast<char>(character);
    } else if (character < 0x800) {
        text += static_cast<char>(0xc0 | character >> 6);
        following(0);
    } else if ((character >= 0xd800 && character < 0xe000) || character > 0x10ffff) {
        text += '?';
    } else if (character < 0x10000) {
        text += static_cast<char>(0xe0 | character >> 12);
        following(6);
        following(0);
    } else {
        text += static_cast<char>(0xf0 | character >> 18);
        following(12);
        following(6);
        following(0);
    }
}

std::uint32_t character_at(std::string_view bytes, std::size_t at, unsigned width) {
    if (width == 1) return static_cast<unsigned char>(bytes[at]);
    if (width == 2) {
        std::uint16_t character = 0;
        std::memcpy(&character, bytes.data() + at, sizeof character);
        return character;
    }
    std::uint32_t character = 0;
    std::memcpy(&character, bytes.data() + at, sizeof character);
    return character;
}

constexpr std::string_view kCut = "…";

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::size_t bytes_of_character(char first) {
    const auto byte = static_cast<unsigned char>(first);
    if (byte < 0xc0) return 1;
    if (byte < 0xe0) return 2;
    return byte < 0xf0 ? 3 : 4;
}

// Where the last character begins.
std::size_t last_character(std::string_view text) {
    auto at = text.size() - 1;
    while (at > 0 && continues(text[at])) at--;
    return at;
}

} // namespace

std::string class_name_of(std::string_view kept) {
    const auto end = kept.find('\0');
    if (end != std::string_view::npos || kept.empty()) return std::string(kept.substr(0, end));
    kept.remove_suffix(1); // where the NUL would be
    if (kept.empty()) return std::string(kCut);
    const auto last = last_character(kept);
    if (last + bytes_of_character(kept[last]) > kept.size()) kept = kept.substr(0, last);
    return std::string(kept) + std::string(kCut);
}

std::string utf8_of(std::string_view bytes, unsigned width) {
    if (width == 0) return std::string(bytes);
    if (width != 1 && width != 2 && width != 4) return {};
    std::string text;
    for (std::size_t at = 0; at + width <= bytes.size(); at += width) append(text, character_at(bytes, at, width));
    return text;
}

} // namespace event

// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <string>

#include "http/utf8.h"

namespace {

using http::utf8_character;

TEST(Utf8Character, MeasuresCharactersOfEveryLength) {
    EXPECT_EQ(utf8_character("a"), 1u);
    EXPECT_EQ(utf8_character(std::string_view("\0", 1)), 1u);
    EXPECT_EQ(utf8_character("\xC3\xA9t"), 2u);
    EXPECT_EQ(utf8_character("\xE2\x82\xAC"), 3u);
    EXPECT_EQ(utf8_character("\xF0\x9F\xA6\x84..."), 4u);
}

TEST(Utf8Character, RefusesWhatIsNone) {
    EXPECT_EQ(utf8_character(""), 0u);
    EXPECT_EQ(utf8_character("\x80"), 0u) << "a continuation byte";
    EXPECT_EQ(utf8_character("\xC3"), 0u) << "cut";
    EXPECT_EQ(utf8_character("\xE2\x82"), 0u) << "cut";
    EXPECT_EQ(utf8_character("\xC3("), 0u) << "no continuation";
    EXPECT_EQ(utf8_character("\xE2\x82("), 0u) << "no continuation";
    EXPECT_EQ(utf8_character("\xC0\xAF"), 0u) << "overlong";
    EXPECT_EQ(utf8_character("\xE0\x80\xAF"), 0u) << "overlong";
    EXPECT_EQ(utf8_character("\xF0\x80\x80\xAF"), 0u) << "overlong";
    EXPECT_EQ(utf8_character("\xED\xA0\x80"), 0u) << "a surrogate";
    EXPECT_EQ(utf8_character("\xF4\x90\x80\x80"), 0u) << "beyond U+10FFFF";
    EXPECT_EQ(utf8_character("\xFF"), 0u);
}

// Every code point, encoded by the rule, is one character; and every other sequence of two bytes is none.
TEST(Utf8Character, AgreesWithTheEncodingRule) {
    const auto encode = [](std::uint32_t point) {
        std::string out;
        const auto put = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
        if (point < 0x80) {
            put(point);
        } else if (point < 0x800) {
            put(0xC0 | point >> 6);
        } else if (point < 0x10000) {
            put(0xE0 | point >> 12);
            put(0x80 | (point >> 6 & 0x3F));
        } else {
            put(0xF0 | point >> 18);
            put(0x80 | (point >> 12 & 0x3F));
            put(0x80 | (point >> 6 & 0x3F));
        }
        if (point >= 0x80) put(0x80 | (point & 0x3F));
        return out;
    };
    for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
        const auto text = encode(point);
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        ASSERT_EQ(utf8_character(text), surrogate ? 0 : text.size()) << "U+" << std::hex << point;
    }
    int two_byte_characters = 0;
    for (int first = 0x80; first < 0x100; ++first)
        for (int second = 0; second < 0x100; ++second) {
            const char text[] = {static_cast<char>(first), static_cast<char>(second)};
            if (utf8_character({text, 2}) != 0) ++two_byte_characters;
        }
    EXPECT_EQ(two_byte_characters, 0x800 - 0x80);
}

} // namespace

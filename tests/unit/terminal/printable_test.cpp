// SPDX-License-Identifier: BSD-2-Clause
// Text from outside on a terminal.
#include <gtest/gtest.h>
#include <locale.h>

#include "terminal/printable.h"

namespace {

class InUtf8 : public testing::Test {
protected:
    void SetUp() override { ASSERT_NE(setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
};

TEST_F(InUtf8, WhatATerminalWouldObeyIsWrittenOut) {
    EXPECT_EQ(terminal::printable("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(terminal::printable("a\r\n\tb"), "a\\r\\n\\tb");
    EXPECT_EQ(terminal::printable("\xc2\x9b"
                                  "31m"),
              "\\u{9b}31m"); // CSI as one character
    EXPECT_EQ(terminal::printable(std::string_view("\0x", 2)), "\\x00x");
    EXPECT_EQ(terminal::printable("\x7f"), "\\x7f");
}

TEST_F(InUtf8, WhatHasNoWidthOfItsOwnIsWrittenOut) {
    EXPECT_EQ(terminal::printable("e\u0301"), "e\\u{301}");
    EXPECT_EQ(terminal::printable("\u202e"
                                  "abc"),
              "\\u{202e}abc");
    EXPECT_EQ(terminal::printable("\u200b"), "\\u{200b}");
}

TEST_F(InUtf8, WhatIsNoUtf8IsWrittenOut) {
    EXPECT_EQ(terminal::printable("\xff"
                                  "a\xc3"),
              "\\xffa\\xc3");
    EXPECT_EQ(terminal::printable("\xed\xa0\x80"), "\\xed\\xa0\\x80"); // a surrogate
}

TEST_F(InUtf8, OtherScriptsStayAsTheyAre) { EXPECT_EQ(terminal::printable("/größe/価格"), "/größe/価格"); }

TEST(PlainLocale, PrintsAsciiOnly) {
    setlocale(LC_CTYPE, "C");
    EXPECT_EQ(terminal::printable("/größe"), "/gr\\u{f6}\\u{df}e");
}

TEST_F(InUtf8, WidthsAreThoseOfTheTerminal) {
    EXPECT_EQ(terminal::columns("価格"), 4u);
    EXPECT_EQ(terminal::cut("abcdef", 4), "abc~");
    EXPECT_EQ(terminal::cut("価格価", 4), "価~"); // half a character does not fit
    EXPECT_EQ(terminal::left("価", 4), "価  ");
    EXPECT_EQ(terminal::right("12", 4), "  12");
    EXPECT_EQ(terminal::cut("abc", 0), "");
}

} // namespace

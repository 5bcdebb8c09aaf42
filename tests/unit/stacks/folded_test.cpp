// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "stacks/folded.h"

namespace stacks {
namespace {

TEST(Folded, OneLineAStackAndState) {
    Profile profile;
    const Stack stack{{"<module>", "/srv/app.py", 9}, {"Shop.pay", "/srv/my shop.py", 42}};
    profile.add({stack, State::kRunning});
    profile.add({stack, State::kWaiting});
    profile.add({stack, State::kWaiting});
    EXPECT_EQ(folded(profile), "<module> (/srv/app.py:9);Shop.pay (/srv/my shop.py:42);[running] 1\n"
                               "<module> (/srv/app.py:9);Shop.pay (/srv/my shop.py:42);[waiting] 2\n");
    EXPECT_EQ(folded(Profile()), "");
}

TEST(Folded, WhatWouldBeObeyedIsWrittenAsNumbers) {
    EXPECT_EQ(escaped("caf\u00e9 \u03a9 <b>&amp;"), "caf\u00e9 \u03a9 <b>&amp;");
    EXPECT_EQ(escaped("a\nb\r\t\x1b[31m\x7f"), "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f");
    EXPECT_EQ(escaped("\\x0a"), "\\x5cx0a"); // not the same as a newline
    EXPECT_EQ(escaped("a;b"), "a;b");
    EXPECT_EQ(escaped("a;b", ";"), "a\\x3bb");
    EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
}

TEST(Folded, ControlsAndDisguisesBeyondAsciiToo) {
    EXPECT_EQ(escaped("\u0085\u009b\u00a0"), "\\xc2\\x85\\xc2\\x9b\u00a0");
    EXPECT_EQ(escaped("\u2027\u2028\u2029"), "\u2027\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
    EXPECT_EQ(escaped("\u202e\u202f\u2066\u2069\u206a"), "\\xe2\\x80\\xae\u202f\\xe2\\x81\\xa6\\xe2\\x81\\xa9\u206a");
}

} // namespace
} // namespace stacks
